//! Tells the oracles how replicas answer requests, as apply traces it.

use metad::tree::ANSWERS;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, filter::Targets, layer::Context, registry::LookupSpan};

use super::watcher::Watcher;

/// Listens to nothing else.
pub fn listen<S: Subscriber + for<'a> LookupSpan<'a>>(watcher: &Watcher) -> impl Layer<S> + use<S> {
    let only = Targets::new().with_target(ANSWERS, tracing::Level::TRACE);
    Answers(watcher.clone()).with_filter(only)
}

struct Answers(Watcher);

impl<S: Subscriber> Layer<S> for Answers {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut answer = Answer::default();
        event.record(&mut answer);
        let Answer { client, sequence, answer } = answer;
        self.0.tell(|oracles| oracles.answers((client, sequence), answer));
    }
}

#[derive(Default)]
struct Answer {
    client: u64,
    sequence: u64,
    answer: u64,
}

impl Visit for Answer {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "client" => self.client = value,
            "sequence" => self.sequence = value,
            _ => self.answer = value,
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

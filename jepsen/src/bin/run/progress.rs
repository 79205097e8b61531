//! What whoever waits for a run sees, on stderr: a bar on a terminal, a line for each fault
//! elsewhere.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// Between two steps of the bar.
const STEP: Duration = Duration::from_millis(250);

/// Tells how far a run is.
pub struct Progress {
    bar: ProgressBar,
    start: Instant,
    is_terminal: bool,
}

impl Progress {
    /// Of the phase that takes so long.
    pub fn new(time: Duration) -> Progress {
        let is_terminal = std::io::stderr().is_terminal();
        let bar = match is_terminal {
            true => ProgressBar::new(time.as_millis() as u64),
            false => ProgressBar::hidden(),
        };
        let style = "{bar:30} {percent:>3}%  {msg}";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is well-formed"));
        Progress { bar, start: Instant::now(), is_terminal }
    }

    /// Something happened.
    pub fn tell(&self, what: &str, value: &Value) {
        let value = match value {
            Value::Object(fields) if !fields.is_empty() => value.to_string(),
            _ => String::new(),
        };
        let text = format!("{:7.1} s  {what} {value}", self.start.elapsed().as_secs_f64());
        match self.is_terminal {
            true => self.bar.set_message(text),
            false => eprintln!("{text}"),
        }
    }

    /// Moves the bar, for ever.
    pub async fn run(&self) {
        loop {
            self.bar.set_position(self.start.elapsed().as_millis() as u64);
            sleep(STEP).await;
        }
    }

    /// The phase is over.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

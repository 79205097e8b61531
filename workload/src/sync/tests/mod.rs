//! Clients that edit apart and merge, against a server in memory that forgets its journal,
//! does not answer, or answers and is not heard.

mod toy;

use std::collections::BTreeSet;

use futures::executor::block_on;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use self::toy::{ROOT, Toy};
use super::{Caller, Syncer, pending::Action};
use crate::{
    execute::{Answer, Outcome},
    operation::{Call, Operation, Step, hex},
    run::Error,
};

/// Attempts of one client to come to an end.
const TRIES_MAX: usize = 50;

/// Hands calls to the server, now and then in vain.
struct Line<'a> {
    server: &'a mut Toy,
    random: ChaCha8Rng,
    failures: f64,
    /// Calls before the run is over.
    left: usize,
    /// Contents that were acknowledged.
    acknowledged: &'a mut BTreeSet<String>,
}

impl Caller for Line<'_> {
    async fn call(&mut self, call: &Call) -> Result<Option<Outcome>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let is_mutation = call.operation.is_mutation();
        if self.random.random_bool(self.failures) {
            let why = String::new();
            if is_mutation && self.random.random_bool(0.7) {
                if self.random.random_bool(0.5) {
                    self.server.answer(&call.operation);
                }
                return Ok(Some(Outcome::Unknown(why)));
            }
            return Ok(Some(Outcome::Failed(why)));
        }
        let outcome = self.server.answer(&call.operation);
        if let Outcome::Done(reply) = &outcome
            && let Answer::Results(_) = reply.value
        {
            self.acknowledged.extend(committed(&call.operation));
        }
        Ok(Some(outcome))
    }
}

fn committed(operation: &Operation) -> Option<String> {
    match operation {
        Operation::Step(Step::Commit { content, .. }) => Some(hex(&content.hash)),
        Operation::Batch(steps) => {
            steps.iter().find_map(|step| committed(&Operation::Step(step.clone())))
        }
        _ => None,
    }
}

/// The contents that a client has to bring to the server.
fn unpushed(syncer: &Syncer) -> BTreeSet<String> {
    let content = |edit: &super::pending::Edit| match &edit.action {
        Action::Create { content, .. } | Action::Update { content, .. } => Some(hex(&content.hash)),
        _ => None,
    };
    syncer.pending.edits().iter().filter_map(content).collect()
}

/// What happens next.
#[derive(Clone, Debug)]
enum Round {
    /// A client edits offline, then is online for some calls.
    Work {
        member: usize,
        seed: u64,
        calls: usize,
        failures: f64,
    },
    Arrive {
        name: u8,
        content: u8,
    },
    Depart {
        number: u64,
    },
    Compact,
}

fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let failures = prop_oneof![Just(0.0), Just(0.0), Just(0.2)];
    let work = (0..3usize, any::<u64>(), 0..40usize, failures)
        .prop_map(|(member, seed, calls, failures)| Round::Work { member, seed, calls, failures });
    let round = prop_oneof![
        16 => work,
        2 => (0..4u8, any::<u8>()).prop_map(|(name, content)| Round::Arrive { name, content }),
        1 => any::<u64>().prop_map(|number| Round::Depart { number }),
        1 => Just(Round::Compact),
    ];
    prop::collection::vec(round, 1..24)
}

/// Everything that happened, and what it must come to.
struct Story {
    server: Toy,
    members: Vec<Syncer>,
    acknowledged: BTreeSet<String>,
    /// Contents that a client had to bring, unless it edited them away itself.
    edited: Vec<BTreeSet<String>>,
}

impl Story {
    fn new() -> Self {
        let members = (0..3).map(|number| Syncer::new(number, 1, ROOT)).collect();
        let (server, acknowledged) = (Toy::new(), BTreeSet::new());
        Story { server, members, acknowledged, edited: vec![BTreeSet::new(); 3] }
    }

    fn online(&mut self, member: usize, random: ChaCha8Rng, calls: usize, failures: f64) {
        let (server, acknowledged) = (&mut self.server, &mut self.acknowledged);
        let mut line = Line { server, random, failures, left: calls, acknowledged };
        block_on(self.members[member].online(&mut line)).expect("no history is written");
    }

    fn play(&mut self, round: &Round) {
        match round {
            Round::Work { member, seed, calls, failures } => {
                let mut random = ChaCha8Rng::seed_from_u64(*seed);
                let syncer = &mut self.members[*member];
                syncer.offline(&mut random);
                self.edited[*member].extend(unpushed(syncer));
                self.online(*member, random, *calls, *failures);
            }
            Round::Arrive { name, content } => {
                self.server.arrive(format!("in-{name}"), hex(&[*content; 32]));
            }
            Round::Depart { number } => self.server.depart(*number),
            Round::Compact => self.server.compact(),
        }
    }

    fn end(&mut self) {
        for member in 0..self.members.len() {
            for _ in 0..TRIES_MAX {
                self.online(member, ChaCha8Rng::seed_from_u64(0), 1_000, 0.0);
            }
            assert_eq!(self.members[member].pending.count(), 0);
        }
        for member in 0..self.members.len() {
            self.online(member, ChaCha8Rng::seed_from_u64(0), 1_000, 0.0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1_000)
    })]

    #[test]
    fn clients_converge_and_keep_all_content(rounds in rounds()) {
        let mut story = Story::new();
        for round in &rounds {
            story.play(round);
        }
        story.end();
        let Story { server, members, acknowledged, edited } = &story;
        let present = server.hashes();
        let is_kept =
            |content: &String| present.contains(content) || server.superseded.contains(content);
        for content in acknowledged {
            prop_assert!(is_kept(content), "content {} was acknowledged", content);
        }
        // No client gave up an edit: it is there, or was replaced by one who had seen it.
        for content in edited.iter().flatten() {
            prop_assert!(is_kept(content), "content {} was given up", content);
        }
        for member in members {
            prop_assert!(member.replica.nodes().eq(server.tree.nodes()), "{} differs", member.name);
        }
    }
}

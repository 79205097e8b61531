//! Runs a script of operations, a line each, and prints what each answers. The invariants
//! are checked after every line.

mod ask;
mod parse;

use std::{collections::BTreeMap, fmt::Write as _};

use expect_test::Expect;

pub use self::parse::{content, node_ref, step};
use self::{ask::show, parse::quota};
use crate::{
    kv::{Txn, Write},
    tree::{apply, check::check_tree},
    types::{
        Action, Applied, ClientId, ClientRequest, Command, Fence, GroupId, Mutation, Name,
        NamespaceId, Policy, Quota, Request, Revision, Step,
    },
};

pub const GROUP: GroupId = GroupId(1);
pub const NAMESPACE: NamespaceId = NamespaceId(1);
const CLIENT: ClientId = ClientId(1);

/// A state machine in memory.
pub struct Machine {
    pub state: BTreeMap<Vec<u8>, Vec<u8>>,
    time_ms: u64,
    sequence: u64,
    /// The revision that questions are asked at.
    at: Option<Revision>,
    /// Where paths start.
    namespace: NamespaceId,
    /// What the next mutation depends on.
    fences: Vec<Fence>,
}

impl Machine {
    /// With one session and one namespace.
    pub fn new() -> Machine {
        let mut machine = Machine {
            state: BTreeMap::new(),
            time_ms: 1_000,
            sequence: 1_000,
            at: None,
            namespace: NAMESPACE,
            fences: Vec::new(),
        };
        machine.apply(Action::OpenSession);
        machine.create_namespace("main", Policy::Exact);
        machine
    }

    pub fn create_namespace(&mut self, name: &str, policy: Policy) -> Applied {
        let (name, quota) = (Name::new(name).unwrap(), Quota::default());
        self.ask_for(Mutation::CreateNamespace { name, policy, quota })
    }

    pub fn apply(&mut self, action: Action) -> Applied {
        let mut txn = Txn::new(&self.state);
        let command = Command { time_ms: self.time_ms, action };
        let applied = apply(&mut txn, GROUP, &command).unwrap();
        self.write(txn.into_batch());
        applied
    }

    /// Takes in what was written to it.
    pub fn write(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write {
                Write::Put(key, value) => drop(self.state.insert(key, value)),
                Write::Delete(key) => drop(self.state.remove(&key)),
                Write::DeleteRange(..) => unreachable!("apply deletes key by key"),
            }
        }
    }

    /// Of the next request.
    pub fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// As the next request.
    pub fn ask_for(&mut self, mutation: Mutation) -> Applied {
        let sequence = self.next_sequence();
        self.ask_as(sequence, 1, mutation)
    }

    fn ask_as(&mut self, sequence: u64, first_pending: u64, mutation: Mutation) -> Applied {
        let request = Request { client: CLIENT, sequence };
        let fences = std::mem::take(&mut self.fences);
        self.apply(Action::Request(ClientRequest { request, first_pending, fences, mutation }))
    }

    pub fn mutate(&mut self, steps: Vec<Step>) -> Applied {
        self.ask_for(Mutation::Steps { namespace: self.namespace, steps })
    }

    pub fn line(&mut self, line: &str) -> String {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = self.ask(verb, rest).or_else(|| self.arrange(verb, rest));
        answer.unwrap_or_else(|| {
            let mutation = self.mutation(verb, rest);
            let mutation = mutation.unwrap_or_else(|| Mutation::Steps {
                namespace: self.namespace,
                steps: vec![step(line)],
            });
            show(&self.ask_for(mutation))
        })
    }

    /// Lines that are about another one, and housekeeping.
    fn arrange(&mut self, verb: &str, rest: &str) -> Option<String> {
        Some(match verb {
            "at" => {
                let (revision, question) = rest.split_once(' ').unwrap();
                self.at = Some(Revision(revision.parse().unwrap()));
                let answer = self.line(question);
                self.at = None;
                answer
            }
            "in" => {
                let (namespace, line) = rest.split_once(' ').unwrap();
                self.namespace = NamespaceId(namespace.parse().unwrap());
                let answer = self.line(line);
                self.namespace = NAMESPACE;
                answer
            }
            "holding" => {
                let (fence, line) = rest.split_once(' ').unwrap();
                self.fences = vec![self.fence(fence)];
                self.line(line)
            }
            "request" => {
                let (sequence, mut rest) = rest.split_once(' ').unwrap();
                let mut first_pending = 1;
                if let Some(more) = rest.strip_prefix("acknowledging ") {
                    let (pending, step) = more.split_once(' ').unwrap();
                    (first_pending, rest) = (pending.parse().unwrap(), step);
                }
                let mutation = Mutation::Steps { namespace: NAMESPACE, steps: vec![step(rest)] };
                show(&self.ask_as(sequence.parse().unwrap(), first_pending, mutation))
            }
            "wait" => {
                self.time_ms += rest.parse::<u64>().unwrap();
                String::new()
            }
            "compact" => {
                show(&self.apply(Action::Compact { up_to: Revision(rest.parse().unwrap()) }))
            }
            "close" => show(&self.apply(Action::CloseSession(CLIENT))),
            "reclaim" => show(&self.apply(Action::Reclaim { records_max: rest.parse().unwrap() })),
            _ => return None,
        })
    }

    /// `TARGET@TOKEN`.
    fn fence(&self, text: &str) -> Fence {
        let (lock, token) = text.split_once('@').unwrap();
        Fence { lock: self.lock_ref(lock), token: Revision(token.parse().unwrap()) }
    }

    /// Mutations that are not single steps.
    fn mutation(&mut self, verb: &str, rest: &str) -> Option<Mutation> {
        let namespace = self.namespace;
        let words = rest.split(' ').collect::<Vec<_>>();
        let name = |text: &str| Name::new(text).unwrap();
        Some(match (verb, words.as_slice()) {
            ("batch", _) => {
                Mutation::Steps { namespace, steps: rest.split("; ").map(step).collect() }
            }
            ("create-namespace", [text, rules @ ..]) => {
                let casefold = rules.contains(&"casefold");
                let policy = if casefold { Policy::Casefold } else { Policy::Exact };
                Mutation::CreateNamespace { name: name(text), policy, quota: quota(rules) }
            }
            ("rename-namespace", [text]) => {
                Mutation::UpdateNamespace { namespace, name: Some(name(text)), quota: None }
            }
            ("bound-namespace", bounds) => {
                Mutation::UpdateNamespace { namespace, name: None, quota: Some(quota(bounds)) }
            }
            ("delete-namespace", flags) => {
                Mutation::DeleteNamespace { namespace, recursive: flags == ["-r"] }
            }
            ("snapshot", _) => Mutation::CreateSnapshot { namespace, name: name(rest) },
            ("unsnapshot", _) => Mutation::DeleteSnapshot { namespace, name: name(rest) },
            ("acquire", [lock, ttl_ms]) => {
                Mutation::AcquireLock { lock: self.lock_ref(lock), ttl_ms: ttl_ms.parse().unwrap() }
            }
            ("renew", [fence, ttl_ms]) => {
                Mutation::RenewLock { fence: self.fence(fence), ttl_ms: ttl_ms.parse().unwrap() }
            }
            ("release", [fence]) => Mutation::ReleaseLock(self.fence(fence)),
            _ => return None,
        })
    }
}

/// Runs a script and compares all that it prints.
pub fn check(script: &str, expected: Expect) {
    let mut machine = Machine::new();
    let mut printed = String::new();
    for line in script.lines().map(str::trim) {
        let answer = machine.line(line);
        writeln!(printed, "{line}: {answer}").unwrap();
        let violations = check_tree(&machine.state, GROUP).unwrap();
        assert!(violations.is_empty(), "after {line}: {violations:?}");
    }
    expected.assert_eq(&printed);
}

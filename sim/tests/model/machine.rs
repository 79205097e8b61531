//! The state machine over a storage engine: a command is applied at once, and a question is
//! put to the view after it.

use metad::{
    kv::{KvEngine, Txn, View},
    tree::{
        Answer, apply,
        query::{self, Difference, Source, Which},
    },
    types::{
        Action, Applied, ClientId, Command, GroupId, Mutation, NamespaceId, Node, NodeId, NodeRef,
        Path, Request, Revision,
    },
};
use serde_json::Value;

use crate::{ask::Ask, tell};

/// Milliseconds since 1970: the day that conflicted copies are named after.
const START_MS: u64 = 1_795_341_600_000;

/// What was answered, and the revision that it reflects.
pub struct Told {
    pub value: Value,
    pub revision: Revision,
}

/// See the module.
pub struct Machine {
    engine: Box<dyn KvEngine>,
    group: GroupId,
    time_ms: u64,
    sequence: u64,
}

impl Machine {
    pub fn new(engine: Box<dyn KvEngine>, group: GroupId) -> Machine {
        Machine { engine, group, time_ms: START_MS, sequence: 0 }
    }

    pub fn wait(&mut self, ms: u64) {
        self.time_ms += ms;
    }

    pub fn next_request(&mut self) -> Request {
        self.sequence += 1;
        Request { client: ClientId(1), sequence: self.sequence }
    }

    pub fn apply(&mut self, action: Action) -> Applied {
        let view = self.view();
        let mut txn = Txn::new(&view);
        let command = Command { time_ms: self.time_ms, action };
        let applied = apply(&mut txn, self.group, &command).expect("storage works");
        self.engine.write(txn.into_batch()).expect("storage works");
        applied
    }

    pub fn namespaces(&self) -> Vec<NamespaceId> {
        let all = query::namespaces(&*self.view(), self.group, None, usize::MAX);
        let all = all.expect("storage works");
        all.into_iter().map(|namespace| namespace.id).collect()
    }

    /// Asks; a mutation as this request.
    pub fn ask(&mut self, ask: &Ask, request: Option<Request>) -> Told {
        if let Some(action) = request.and_then(|request| ask.action(request)) {
            let single = match ask {
                Ask::Mutate { mutation: Mutation::Steps { steps, .. }, .. } => steps.len() == 1,
                _ => false,
            };
            let Applied { revision, outcome } = self.apply(action);
            return Told { value: tell::outcome(outcome, single), revision };
        }
        let view = self.view();
        let question = Question { view: &view, group: self.group };
        match ask {
            Ask::Stat { ns, target, at } => question.put(*at, |source| {
                let found = query::stat(source, *ns, target);
                map(found, |found| tell::stat(&found, at.is_some()))
            }),
            Ask::Stats { ns, paths, at } => question.put(*at, |source| {
                let target = |path: &Path| NodeRef { start: NodeId::NONE, path: path.clone() };
                let targets = paths.iter().map(target).collect::<Vec<_>>();
                let found = query::stats(source, *ns, &targets);
                map(found, |found| tell::stats(&found, at.is_some()))
            }),
            Ask::Lookup { ns, target, at } => question.put(*at, |source| {
                let found = query::lookup(source, *ns, target);
                map(found, |(node, ns, path)| tell::found(&node, ns.0, &path))
            }),
            Ask::List { ns, target, recursive, at } => question.put(*at, |source| {
                let page = match recursive {
                    true => {
                        query::list_tree_page(source, *ns, target, &Path::default(), usize::MAX)
                    }
                    false => query::list_page(source, *ns, target, None, usize::MAX),
                };
                map(page, |page| tell::entries(&page.entries, *recursive))
            }),
            Ask::Versions { ns, target } => question.put(None, |source| {
                map(versions(source, *ns, target), |versions| tell::versions(&versions))
            }),
            Ask::Diff { ns, from, to } => {
                let told = question.put(None, |source| {
                    map(differences(source, *ns, (*from, *to)), |all| tell::differences(&all))
                });
                match told.value.get("rejected") {
                    Some(_) => told,
                    None => Told { revision: *to, ..told },
                }
            }
            Ask::Namespace(ns) => question.put(None, |source| {
                let found = query::namespace(source, &Which::Id(*ns));
                map(found, |(namespace, account)| tell::namespace(&namespace, account))
            }),
            Ask::Snapshots(ns) => question.put(None, |source| {
                map(query::snapshots(source, *ns), |snapshots| tell::snapshots(&snapshots))
            }),
            Ask::Lock(lock) => question.put(None, |source| {
                map(query::lock(source, lock), |lock| tell::lock(lock.as_ref()))
            }),
            Ask::Journal(ns) => question.put(None, |source| {
                let page = query::journal_page(source.view, source.group, *ns, None, usize::MAX);
                map(page, |page| tell::journal(&page))
            }),
            Ask::Mutate { .. } => unreachable!("a mutation has a request"),
        }
    }

    fn view(&self) -> View {
        self.engine.view().expect("storage works")
    }
}

fn differences(
    source: Source,
    ns: NamespaceId,
    (from, to): (Revision, Revision),
) -> Answer<Vec<Difference>> {
    match query::comparison(source, ns, from, Some(to))? {
        Ok(comparison) => comparison.differences(source),
        Err(rejection) => Ok(Err(rejection)),
    }
}

/// All versions, in small pages.
fn versions(source: Source, ns: NamespaceId, target: &NodeRef) -> Answer<Vec<Node>> {
    let mut all: Vec<Node> = Vec::new();
    loop {
        let before = all.last().map(|last| last.rev);
        let page = match query::versions(source, ns, target, before, 2)? {
            Ok(page) => page,
            Err(rejection) => return Ok(Err(rejection)),
        };
        if page.is_empty() {
            return Ok(Ok(all));
        }
        all.extend(page);
    }
}

struct Question<'v> {
    view: &'v View,
    group: GroupId,
}

impl Question<'_> {
    fn put(&self, at: Option<Revision>, ask: impl FnOnce(Source) -> Answer<Value>) -> Told {
        let now = query::revision(&**self.view, self.group).expect("storage works");
        match ask(Source { at, ..Source::now(&**self.view, self.group) }).expect("storage works") {
            Ok(value) => Told { value, revision: at.unwrap_or(now) },
            Err(rejection) => Told { value: tell::rejected(&rejection), revision: now },
        }
    }
}

fn map<T>(answer: Answer<T>, tell: impl FnOnce(T) -> Value) -> Answer<Value> {
    answer.map(|answer| answer.map(tell))
}

//! The questions of a script, and how answers are printed.

use super::{GROUP, Machine, node_ref};
use crate::{
    tree::query::{self, Difference, Located, Source, Which},
    types::{Applied, ChangeKind, Cursor, LockRef, Name, Node, Outcome, Path, Rejection, Revision},
};

impl Machine {
    fn source(&self) -> Source<'_> {
        Source { at: self.at, ..Source::now(&self.state, GROUP) }
    }

    /// The answer to a question; None if it is none.
    pub fn ask(&mut self, verb: &str, rest: &str) -> Option<String> {
        let answer = match verb {
            "stat" => {
                query::stat(self.source(), self.namespace, &node_ref(rest)).unwrap().map(|stat| {
                    let (node, usage) = (stat.node, stat.account.usage);
                    let size = node.bytes() + usage.bytes;
                    let kept: String = node.attributes.iter().map(shown).collect();
                    let (kind, id, rev, nodes) = (node.kind(), node.id, node.rev, usage.nodes);
                    let tree = match stat.namespace == self.namespace {
                        true => String::new(),
                        false => format!(" in {}", stat.namespace),
                    };
                    format!("{kind:?} #{id} rev {rev} nodes {nodes} bytes {size}{kept}{tree}")
                })
            }
            "stats" => {
                let targets = rest.split(' ').map(node_ref).collect::<Vec<_>>();
                let stats = query::stats(self.source(), self.namespace, &targets).unwrap();
                stats.map(|stats| {
                    let one = |stat: Result<crate::types::Stat, Rejection>| match stat {
                        Ok(stat) => format!("#{}", stat.node.id),
                        Err(rejection) => rejection.to_string(),
                    };
                    stats.into_iter().map(one).collect::<Vec<_>>().join(", ")
                })
            }
            "lookup" => {
                let found = query::lookup(self.source(), self.namespace, &node_ref(rest)).unwrap();
                found.map(|(node, namespace, path)| format!("#{} {path} in {namespace}", node.id))
            }
            "list" => self.list(rest),
            "versions" => {
                let target = node_ref(rest);
                let found = query::versions(self.source(), self.namespace, &target, None, 100);
                found.unwrap().map(|versions| {
                    let version = |node: &Node| {
                        let name = node.name.clone().unwrap();
                        format!("rev {} {name} {}", node.rev, node.bytes())
                    };
                    versions.iter().map(version).collect::<Vec<_>>().join(", ")
                })
            }
            "diff" => self.diff(rest),
            "journal" => self.journal(rest),
            "lock" => {
                query::lock(self.source(), &self.lock_ref(rest)).unwrap().map(|lock| match lock {
                    Some(lock) => format!("token {} until {}", lock.token, lock.expires_ms),
                    None => "free".to_owned(),
                })
            }
            "locks" => {
                query::locks(self.source(), self.namespace, None, 100).unwrap().map(|locks| {
                    let lock = |held: query::HeldLock| {
                        format!("{} {}", held.lock.lock.target.path, held.lock.token)
                    };
                    locks.into_iter().map(lock).collect::<Vec<_>>().join(", ")
                })
            }
            "namespace" => {
                let which = Which::Name(Name::new(rest).unwrap());
                query::namespace(self.source(), &which).unwrap().map(|(namespace, account)| {
                    format!("{} {:?} {:?}", namespace.id, namespace.policy, account)
                })
            }
            _ => return None,
        };
        Some(answer.unwrap_or_else(|rejection| rejection.to_string()))
    }

    /// `TARGET`, or `TARGET:NAME`.
    pub fn lock_ref(&self, text: &str) -> LockRef {
        let (target, name) = text.split_once(':').unwrap_or((text, ""));
        LockRef { namespace: self.namespace, target: node_ref(target), name: name.into() }
    }

    fn list(&self, rest: &str) -> Result<String, Rejection> {
        let source = self.source();
        let page = match rest.strip_prefix("-r ") {
            None => query::list_page(source, self.namespace, &node_ref(rest), None, 100),
            Some(rest) => {
                let (target, after) = rest.split_once(" after ").unwrap_or((rest, ""));
                let after = Path::parse(after).unwrap();
                query::list_tree_page(source, self.namespace, &node_ref(target), &after, 100)
            }
        };
        let entries = page.unwrap()?.entries;
        let entry = |entry: &query::Entry| {
            let path = entry.path.to_string();
            let name = path.trim_start_matches('/');
            format!("{name} #{} rev {}", entry.node.id, entry.node.rev)
        };
        Ok(entries.iter().map(entry).collect::<Vec<_>>().join(", "))
    }

    fn diff(&self, rest: &str) -> Result<String, Rejection> {
        let (from, to) = rest.split_once(' ').unwrap();
        let revision = |text: &str| Revision(text.parse().unwrap());
        let source = self.source();
        let compared =
            query::comparison(source, self.namespace, revision(from), Some(revision(to)));
        let differences = compared.unwrap()?.differences(source).unwrap()?;
        let side = |side: &Option<Located>| match side {
            Some(Located { node, path }) => format!("{path} rev {}", node.rev),
            None => "nothing".to_owned(),
        };
        let line = |Difference { before, after }: &Difference| {
            format!("\n    {} -> {}", side(before), side(after))
        };
        Ok(differences.iter().map(line).collect())
    }

    /// From the start, or `after REVISION.ORDINAL`.
    fn journal(&self, rest: &str) -> Result<String, Rejection> {
        let after = rest.strip_prefix("after ").and_then(|cursor| cursor.split_once('.'));
        let after = after.map(|(revision, ordinal)| Cursor {
            revision: Revision(revision.parse().unwrap()),
            ordinal: ordinal.parse().unwrap(),
        });
        let page = query::journal_page(&self.state, GROUP, self.namespace, after, 100).unwrap()?;
        let changes = page.changes.iter().map(|change| {
            let (cursor, node) = (change.cursor, &change.node);
            let name = node.name.clone().unwrap();
            let at = format!("{}.{}", cursor.revision, cursor.ordinal);
            let from = change.from.as_ref();
            let from = from.map(|(parent, name)| format!(", was {name} in #{parent}"));
            let (kind, other) = match change.kind {
                ChangeKind::MovedIn { from } => ("MovedIn".to_owned(), format!(" from {from}")),
                ChangeKind::MovedOut { to } => ("MovedOut".to_owned(), format!(" to {to}")),
                kind => (format!("{kind:?}"), from.unwrap_or_default()),
            };
            format!("\n    {at} {kind} #{} {name} in #{}{other}", node.id, node.parent)
        });
        Ok(changes.collect())
    }
}

fn shown((name, value): (&String, &Vec<u8>)) -> String {
    format!(" {name}={}", String::from_utf8_lossy(value))
}

pub fn show(applied: &Applied) -> String {
    let answer = match &applied.outcome {
        Outcome::Rejected(rejection) => rejection.to_string(),
        Outcome::Steps(results) => {
            let results = results.iter().map(|result| {
                let renamed = result.renamed.as_ref().map(|name| format!(" {name:?}"));
                format!("#{} rev {}{}", result.id, result.rev, renamed.unwrap_or_default())
            });
            results.collect::<Vec<_>>().join(", ")
        }
        Outcome::Lock(lock) => format!("token {} until {}", lock.token, lock.expires_ms),
        other => format!("{other:?}"),
    };
    format!("@{} {answer}", applied.revision)
}

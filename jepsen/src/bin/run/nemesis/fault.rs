//! The kinds of faults, and which of them can be had.

use anyhow::{Result, bail};

use crate::run::{place::Place, target::Target};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL to one node, which is started again later.
    Kill,
    /// SIGKILL to all nodes at once.
    KillAll,
    /// SIGSTOP to one node, and later SIGCONT.
    Pause,
    /// One node after the other is stopped by SIGTERM and started again.
    Rolling,
    /// Two halves that do not hear each other. Clients reach all nodes here and below.
    Halves,
    /// Each node hears its two neighbours only.
    Ring,
    /// One node is not heard by another one.
    OneWay,
    /// The leader neither hears nor is heard by its peers.
    Leader,
    /// All links are slow.
    Delay,
    /// All links lose packets.
    Loss,
}

/// A row of the table below.
struct Row {
    fault: Fault,
    name: &'static str,
    needs: Needs,
}

/// What a fault needs.
#[derive(PartialEq, Eq)]
enum Needs {
    /// Processes, which there always are.
    Nothing,
    /// A network of our own.
    Network,
    /// The same, and so many nodes: else another fault is the same.
    NetworkOf(u8),
}

const fn row(fault: Fault, name: &'static str, needs: Needs) -> Row {
    Row { fault, name, needs }
}

const TABLE: [Row; 10] = [
    row(Fault::Kill, "kill", Needs::Nothing),
    row(Fault::KillAll, "kill-all", Needs::Nothing),
    row(Fault::Pause, "pause", Needs::Nothing),
    row(Fault::Rolling, "rolling-restart", Needs::Nothing),
    row(Fault::Halves, "partition-halves", Needs::NetworkOf(2)),
    row(Fault::Ring, "partition-ring", Needs::NetworkOf(4)),
    row(Fault::OneWay, "partition-one-way", Needs::NetworkOf(2)),
    row(Fault::Leader, "partition-leader", Needs::NetworkOf(2)),
    row(Fault::Delay, "delay", Needs::Network),
    row(Fault::Loss, "loss", Needs::Network),
];

impl Fault {
    /// Its name on the command line, in reports and in histories.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether it is about links; otherwise about nodes. One of each kind may be on at a time.
    pub fn is_of_links(self) -> bool {
        matches!(self.row().needs, Needs::Network | Needs::NetworkOf(_))
    }

    /// Whether it hits one node, rather than all or a drawn set of them.
    pub fn hits_one(self) -> bool {
        matches!(self, Fault::Kill | Fault::Pause)
    }

    fn row(self) -> &'static Row {
        let row = TABLE.iter().find(|row| row.fault == self);
        row.expect("the table has all of them")
    }

    /// Why it cannot be had.
    fn obstacle(self, _target: Target, place: Place, nodes: u8) -> Option<String> {
        match self.row().needs {
            Needs::Network | Needs::NetworkOf(_) if place == Place::Loopback => {
                Some("it needs namespaces".to_owned())
            }
            Needs::NetworkOf(least) if nodes < least => Some(format!("it needs {least} nodes")),
            _ => None,
        }
    }
}

/// Which faults are wanted.
#[derive(Clone, Debug)]
pub enum List {
    /// All that can be had.
    All,
    /// These.
    Of(Vec<Fault>),
}

/// All names.
pub fn names() -> String {
    TABLE.map(|row| row.name).join(" ")
}

/// Reads a list of names.
pub fn parse(text: &str) -> Result<List> {
    let mut faults = Vec::new();
    for name in text.split(',').map(str::trim) {
        let family = format!("{name}-");
        let is_meant =
            |row: &&Row| row.name == name || name == "partition" && row.name.starts_with(&family);
        match name {
            "all" => return Ok(List::All),
            "none" => {}
            _ => match TABLE.iter().filter(is_meant).map(|row| row.fault).collect::<Vec<_>>() {
                meant if meant.is_empty() => bail!("no fault {name:?}; there are: {}", names()),
                meant => faults.extend(meant),
            },
        }
    }
    faults.sort();
    faults.dedup();
    Ok(List::Of(faults))
}

impl List {
    /// Those that can be had; an error if one that was named cannot. What was meant by `all` and
    /// cannot be had is said on stderr.
    pub fn available(&self, target: Target, place: Place, nodes: u8) -> Result<Vec<Fault>> {
        let (wanted, named) = match self {
            List::All => (TABLE.iter().map(|row| row.fault).collect(), false),
            List::Of(faults) => (faults.clone(), true),
        };
        let mut available = Vec::new();
        for fault in wanted {
            match fault.obstacle(target, place, nodes) {
                None => available.push(fault),
                // `partition` names more than one cluster can have.
                Some(why) if named && !fault.name().starts_with("partition-") => {
                    bail!("no {}: {why}", fault.name())
                }
                Some(why) => eprintln!("without {}: {why}", fault.name()),
            }
        }
        Ok(available)
    }
}

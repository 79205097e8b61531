//! The kinds of faults, and which of them can be had.

use anyhow::{Result, bail};

use crate::run::{clock, disk, place::Place, target::Target};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL to one node, which is started again later.
    Kill,
    /// SIGKILL to all nodes at once.
    KillAll,
    /// SIGKILL to one node, whose disk forgets what was not synced.
    PowerLoss,
    /// The same to all nodes at once.
    PowerLossAll,
    /// SIGSTOP to one node, and later SIGCONT.
    Pause,
    /// One node after the other is stopped by SIGTERM and started again.
    Rolling,
    /// The wall clock of one node jumps, and later jumps back.
    Clock,
    /// There is no room left on the disk of one node.
    DiskFull,
    /// A node joins, and one leaves.
    Members,
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
    /// libfaketime, and a server that is linked dynamically.
    FakeClock,
    /// A small file system for each node.
    Disk,
    /// A disk that forgets.
    Forgetting,
    /// What only metad has.
    Metad,
    /// A network of our own.
    Network,
    /// The same, and so many nodes: else another fault is the same.
    NetworkOf(u8),
}

const fn row(fault: Fault, name: &'static str, needs: Needs) -> Row {
    Row { fault, name, needs }
}

const TABLE: [Row; 15] = [
    row(Fault::Kill, "kill", Needs::Nothing),
    row(Fault::KillAll, "kill-all", Needs::Nothing),
    row(Fault::PowerLoss, "power-loss", Needs::Forgetting),
    row(Fault::PowerLossAll, "power-loss-all", Needs::Forgetting),
    row(Fault::Pause, "pause", Needs::Nothing),
    row(Fault::Rolling, "rolling-restart", Needs::Nothing),
    row(Fault::Clock, "clock-jump", Needs::FakeClock),
    row(Fault::DiskFull, "disk-full", Needs::Disk),
    row(Fault::Members, "members", Needs::Metad),
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
        use Fault::{Clock, DiskFull, Kill, Pause, PowerLoss};
        matches!(self, Kill | PowerLoss | Pause | Clock | DiskFull)
    }

    /// Whether a disk forgets.
    pub fn is_power_loss(self) -> bool {
        self.row().needs == Needs::Forgetting
    }

    fn row(self) -> &'static Row {
        let row = TABLE.iter().find(|row| row.fault == self);
        row.expect("the table has all of them")
    }

    /// Why it cannot be had.
    fn obstacle(self, target: Target, place: Place, nodes: u8) -> Option<String> {
        match self.row().needs {
            Needs::Metad | Needs::FakeClock if target != Target::Metad => {
                Some("it is only for metad".to_owned())
            }
            Needs::FakeClock if clock::library().is_none() => {
                Some("there is no libfaketime; on Debian: apt-get install libfaketime".to_owned())
            }
            Needs::Disk | Needs::Forgetting | Needs::Network | Needs::NetworkOf(_)
                if place == Place::Loopback =>
            {
                Some("it needs namespaces".to_owned())
            }
            Needs::Forgetting => disk::obstacle_to_forgetting(),
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

/// Reads how often faults come.
pub fn parse_pace(text: &str) -> Result<f64> {
    match text.parse() {
        Ok(pace) if (0.01..=100.0).contains(&pace) => Ok(pace),
        _ => bail!("expected a number from 0.01 to 100"),
    }
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

//! Where a cluster runs: in namespaces of its own, of processes, mounts and networks, or simply
//! on this machine's loopback.
//!
//! All that a run makes in its namespaces is gone with their first process, whatever ends it:
//! that is how nothing is left behind.

use std::{fs::File, io::ErrorKind, path::Path, process::Command};

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::network::tun;

/// Where a cluster runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// Each node in a network namespace, all of it in namespaces of the run.
    Namespaces,
    /// On addresses of this machine. Its network and disks cannot be disturbed there.
    Loopback,
}

impl Place {
    /// The best place that there is here, and what is in the way of a better one.
    pub fn choose(wanted: Option<Place>) -> Result<(Place, Option<String>)> {
        match (wanted, obstacle()) {
            (Some(Place::Loopback), _) => Ok((Place::Loopback, None)),
            (_, None) => Ok((Place::Namespaces, None)),
            (None, Some(why)) => Ok((Place::Loopback, Some(why))),
            (Some(Place::Namespaces), Some(why)) => bail!("no namespaces: {why}"),
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Place::Namespaces => "namespaces",
            Place::Loopback => "loopback",
        }
    }

    /// A command that runs a program there. In namespaces, all that it starts is killed with it.
    pub fn enter(self, program: &Path) -> Command {
        match self {
            Place::Loopback => Command::new(program),
            Place::Namespaces => {
                let mut command = unshare();
                command.arg(program);
                command
            }
        }
    }
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child"]);
    command
}

/// Why there are no namespaces here.
fn obstacle() -> Option<String> {
    if let Err(error) = File::options().read(true).write(true).open(tun::DEVICE) {
        return Some(format!("cannot open {}: {error}; try: modprobe tun", tun::DEVICE));
    }
    for (tool, package) in
        [("ip", "iproute2"), ("nsenter", "util-linux"), ("setpriv", "util-linux")]
    {
        if let Err(error) = Command::new(tool).arg("-V").output()
            && error.kind() == ErrorKind::NotFound
        {
            return Some(format!("there is no {tool}; on Debian: apt-get install {package}"));
        }
    }
    match unshare().arg("true").output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "{}; run as root, or allow user namespaces",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Some(format!("unshare: {error}; on Debian: apt-get install util-linux")),
    }
}

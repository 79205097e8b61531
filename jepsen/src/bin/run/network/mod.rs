//! A network of our own between the nodes: each node is in a network namespace with one
//! interface, and this process is the switch. So packets can be lost and delayed on any kernel
//! that has network namespaces and TUN.
//!
//! Everything here is inside the namespaces that `place` made, and goes with them.

pub mod rules;
mod switch;
pub mod tun;

use std::{collections::BTreeMap, fs, process::Command};

use anyhow::{Context, Result, ensure};
use rustix::mount::{MountFlags, mount};

pub use switch::Switch;

use rules::{CLIENTS, Port};

/// Bytes of a packet: large, so that there are fewer of them.
const PACKET_BYTES: u32 = 9_000;
/// Packets that wait for the switch.
const QUEUE_PACKETS: u32 = 5_000;

/// The address of a port.
pub fn address(port: Port) -> String {
    format!("10.77.0.{port}")
}

/// The network namespace of a node.
pub fn namespace(port: Port) -> String {
    format!("/run/netns/n{port}")
}

/// Makes the namespaces and interfaces of these nodes, and connects them.
pub fn set_up(nodes: &[Port], seed: u64) -> Result<Switch> {
    // Where `ip netns` keeps its names; nobody outside of our mount namespace sees this one.
    mount("tmpfs", "/run", "tmpfs", MountFlags::empty(), None).context("mount a tmpfs")?;
    fs::create_dir("/run/netns").context("create /run/netns")?;
    let mut interfaces = BTreeMap::new();
    for port in nodes.iter().copied().chain([CLIENTS]) {
        let name = format!("tun{port}");
        let interface = tun::open(&name).with_context(|| format!("open {}", tun::DEVICE))?;
        interfaces.insert(port, interface);
        let mut ip = vec!["-batch", "-"];
        let inside = format!("n{port}");
        if port != CLIENTS {
            run_ip(
                &["-batch", "-"],
                &format!("netns add {inside}\nlink set {name} netns {inside}\n"),
            )?;
            ip.splice(0..0, ["-n", &inside]);
        }
        let address = address(port);
        let script = format!(
            "link set lo up\nlink set {name} mtu {PACKET_BYTES} txqueuelen {QUEUE_PACKETS} up\n\
             address add {address}/24 dev {name}\n"
        );
        run_ip(&ip, &script)?;
    }
    Switch::start(interfaces, seed)
}

fn run_ip(arguments: &[&str], script: &str) -> Result<()> {
    use std::{io::Write, process::Stdio};
    let mut child = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start ip")?;
    let mut input = child.stdin.take().expect("it is a pipe");
    input.write_all(script.as_bytes()).context("tell ip what to do")?;
    drop(input);
    let output = child.wait_with_output().context("wait for ip")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ip {}: {}\n{script}", arguments.join(" "), said.trim());
    Ok(())
}

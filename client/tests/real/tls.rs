//! A cluster that speaks TLS, with certificates that are made as docs/OPERATIONS.md says.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::servers::Servers;

const DOCS: &str = include_str!("../../../docs/OPERATIONS.md");

/// The commands that make certificates, as they are written, for loopback.
fn commands() -> String {
    let block = DOCS.split("```sh\n").nth(1).expect("a block of commands");
    let block = block.split("```").next().expect("it ends");
    block.replace("IP:10.0.0.$node", "IP:127.0.0.1")
}

fn certify(folder: &Path) {
    let made = Command::new("sh").args(["-eu", "-c", &commands()]).current_dir(folder).output();
    let made = made.expect("sh runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn file(servers: &Servers, name: &str) -> String {
    servers.folder().join(name).to_str().expect("text").to_owned()
}

/// Runs metactl, as plain text, with an authority, or with a certificate as well.
fn metactl(servers: &Servers, files: &[(&str, &str)], arguments: &[&str]) -> Output {
    let files = files.iter().flat_map(|(flag, name)| [(*flag).to_owned(), file(servers, name)]);
    let files: Vec<_> = files.collect();
    let all: Vec<_> = files.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
    servers.metactl(&all)
}

#[test]
fn the_documented_certificates_make_a_cluster_that_speaks_tls() {
    if Servers::start(0).is_none() {
        return;
    }
    let mut servers = Servers::prepare(3, "test");
    certify(servers.folder());
    for node in 1..=3 {
        let table = format!(
            "[tls]\ncertificate = \"node{node}.pem\"\nkey = \"node{node}.key\"\n\
             ca = \"ca.pem\"\nclient_ca = \"ca.pem\"\n"
        );
        servers.add(node, &table);
        servers.start_node(node);
    }
    let alice = [("--ca", "ca.pem"), ("--cert", "alice.pem"), ("--key", "alice.key")];
    for arguments in [
        &["ns", "create", "main"][..],
        &["mkdir", "/a"],
        &["--timeout", "30s", "cluster", "status"],
    ] {
        let done = metactl(&servers, &alice, arguments);
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    let plain = metactl(&servers, &[], &["ls"]);
    let said = String::from_utf8_lossy(&plain.stderr);
    assert_eq!(plain.status.code(), Some(1), "{said}");
    assert!(said.contains("TLS_REQUIRED") && said.contains("--ca FILE"), "{said}");

    let nameless = metactl(&servers, &alice[..1], &["--timeout", "1s", "ls"]);
    let said = String::from_utf8_lossy(&nameless.stderr);
    assert_eq!(nameless.status.code(), Some(3), "{said}");
    assert!(said.contains("serves only those with a certificate"), "{said}");

    // A change is known not to have been made.
    let nameless = metactl(&servers, &alice[..1], &["--timeout", "1s", "mkdir", "/b"]);
    assert_eq!(nameless.status.code(), Some(3), "{nameless:?}");

    let half = metactl(&servers, &alice[..2], &["ls"]);
    assert_eq!(half.status.code(), Some(2), "{half:?}");
    let none = metactl(&servers, &[("--ca", "none.pem")], &["ls"]);
    let said = String::from_utf8_lossy(&none.stderr);
    assert!(none.status.code() == Some(2) && said.contains("none.pem"), "{said}");

    // Other certificates, while all run.
    let before = fs::read(file(&servers, "ca.pem")).expect("read");
    certify(servers.folder());
    assert_ne!(fs::read(file(&servers, "ca.pem")).expect("read"), before, "another authority");
    let done = metactl(&servers, &alice, &["mkdir", "/c"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

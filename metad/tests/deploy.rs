//! What is in deploy/ is understood by the server that it is for.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use metad::config::Setup;

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

#[test]
fn the_example_configurations_are_right() {
    let read = |name: &str| Setup::read(&deploy(name)).unwrap_or_else(|error| panic!("{error}"));
    let nodes = ["node1.toml", "node2.toml", "node3.toml"].map(|name| match read(name) {
        Setup::Founding(config) => config,
        Setup::Joining(joining) => panic!("{joining:?}"),
    });
    assert!(
        nodes
            .iter()
            .all(|node| (&node.cluster, &node.peers) == (&nodes[0].cluster, &nodes[0].peers))
    );
    let numbers: BTreeSet<_> = nodes.iter().map(|node| node.server).collect();
    assert_eq!(numbers, nodes[0].peers.keys().copied().collect());
    assert!(matches!(read("one-node.toml"), Setup::Founding(config) if config.peers.len() == 1));
    assert!(matches!(read("joining.toml"), Setup::Joining(_)));
    let Setup::Founding(tls) = read("tls.toml") else { panic!("it founds") };
    assert_eq!((&tls.peers, tls.insecure), (&nodes[0].peers, false));
    assert!(tls.tls.is_some_and(|tls| tls.check().is_err()), "its files are not there");
    for name in ["node1.toml", "one-node.toml", "joining.toml", "tls.toml"] {
        read(name).check_exposure(false).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let files = fs::read_dir(deploy("")).expect("deploy").map(|file| file.expect("file").path());
    let configurations = files.filter(|file| file.extension().is_some_and(|end| end == "toml"));
    assert_eq!(configurations.count(), 6, "each is tried above");
}

/// The command that starts it, tried with a configuration that is not there.
fn check_command(words: &[&str]) {
    let mut words: Vec<_> =
        words.iter().copied().filter(|word| !word.ends_with("/metad")).collect();
    let last = words.len() - 1;
    words[last] = "/nowhere/metad.toml";
    let output = Command::new(env!("CARGO_BIN_EXE_metad")).args(&words).output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("/nowhere/metad.toml: there is no such file"), "{words:?}: {said}");
}

#[test]
fn the_unit_and_the_container_start_it_as_it_is_started() {
    let unit = fs::read_to_string(deploy("metad.service")).expect("unit");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    check_command(&command.split_whitespace().collect::<Vec<_>>());
    let container = fs::read_to_string(deploy("Containerfile")).expect("container");
    let command = container.lines().find_map(|line| line.strip_prefix("CMD ")).expect("a command");
    let words: Vec<String> = serde_json::from_str(command).expect("a list");
    check_command(&words.iter().map(String::as_str).collect::<Vec<_>>());
}

//! What one mutation may cost, however the tree is made.

use metad_proto::limits::{COPY_NODES, COPY_NODES_MAX, DEPTH_MAX, MOUNTS_MAX, STEPS_MAX};

use super::script::{Machine, step};
use crate::types::{Outcome, Rejection, Step};

const TOO_DEEP: &str = "beyond the limit depth of 256";

/// A chain of directories of this name under a place.
fn chain(top: &str, name: &str, levels: usize) -> String {
    format!("{top}{}", format!("/{name}").repeat(levels))
}

/// The id that a line made.
fn id_of(answer: &str) -> String {
    answer.split(' ').find(|word| word.starts_with('#')).unwrap().to_owned()
}

/// Runs a line, and looks whether that is in its answer.
fn expect(machine: &mut Machine, line: &str, part: &str) {
    let answer = machine.line(line);
    assert!(answer.contains(part), "{line}: {answer}");
}

/// A machine with 255 directories in /a, and in the lowest of them 256 in b; and the lowest.
fn deep() -> (Machine, String) {
    let mut machine = Machine::new();
    machine.line(&format!("mkdir -p {}", chain("", "a", DEPTH_MAX - 1)));
    let lowest = id_of(&machine.line(&format!("mkdir -p {}", chain("", "b", DEPTH_MAX))));
    machine.line(&format!("move /b {}", chain("", "a", DEPTH_MAX - 1) + "/b"));
    (machine, lowest)
}

#[test]
fn what_is_too_deep_is_out_of_reach_of_steps() {
    let (mut machine, lowest) = deep();
    let place = format!("{lowest}/x");
    for line in [
        format!("commit overwrite {place} 1"),
        format!("commit+rename create {place} 1"),
        format!("mkdir {place}"),
        format!("mkdir -p {place}/y"),
        format!("mkdir -p {lowest}"),
        format!("symlink {place} to"),
        format!("mount {place} 1"),
        format!("copy /a {place}"),
        format!("copy {lowest} /c"),
        format!("copy@3 {lowest} /c"),
        format!("move {lowest} /c"),
        format!("move /a {place}"),
        format!("set {lowest} a=b"),
        format!("quota {lowest} nodes=9"),
        format!("delete {lowest}"),
        format!("restore@4 {lowest}"),
        format!("check {lowest} exists"),
        format!("check {lowest} absent"),
        format!("acquire {lowest} 1000"),
        format!("stat {lowest}"),
        format!("lookup {lowest}"),
        format!("list {lowest}"),
        format!("versions {lowest}"),
    ] {
        let is_of_then = line.starts_with("copy@3");
        expect(&mut machine, &line, if is_of_then { "rev" } else { TOO_DEEP });
    }
    let violations = super::super::check::check_tree(&machine.state, super::script::GROUP);
    assert!(violations.unwrap().is_empty());
}

#[test]
fn what_is_too_deep_can_be_read_from_above_and_brought_back() {
    let (mut machine, lowest) = deep();
    let upper = chain("", "a", DEPTH_MAX - 1);
    let top = id_of(&machine.line(&format!("lookup {upper}/b")));
    // One level beyond what a step reaches.
    let below = chain(&top, "b", 1);
    expect(&mut machine, &format!("stat {top}"), "Directory");
    expect(&mut machine, &format!("stat {below}"), "Directory");
    expect(&mut machine, &format!("set {below} a=b"), TOO_DEEP);
    expect(&mut machine, &format!("check {below} exists"), TOO_DEEP);
    expect(&mut machine, &format!("move {top} /b"), "rev");
    expect(&mut machine, &format!("set {lowest} a=b"), "rev");
    expect(&mut machine, &format!("move /b {upper}/b"), "rev");
    expect(&mut machine, "delete -r /a", "rev");
    expect(&mut machine, "stat /", "nodes 0");
}

/// Mounts in a namespace that is itself shown at a thousand places.
#[test]
fn a_thousand_mounts_cost_one_walk() {
    let mut machine = Machine::new();
    for name in ["shown", "other"] {
        machine.create_namespace(name, crate::types::Policy::Exact);
    }
    let mounts = |place: &str, shown: u32, count: usize| {
        let steps = (0..count).map(|number| format!("mount {place}/{number} {shown}"));
        format!("batch {}", steps.collect::<Vec<_>>().join("; "))
    };
    machine.line("mkdir -p /a/b/c");
    expect(&mut machine, &mounts("/a/b/c", 2, MOUNTS_MAX), "rev");
    expect(&mut machine, "mount /one-more 2", "beyond the limit mounts of 1000");
    expect(&mut machine, "copy /a/b/c/7 /one-more", "beyond the limit mounts of 1000");
    expect(&mut machine, &format!("in 2 {}", mounts("", 3, STEPS_MAX)), "rev");
    expect(&mut machine, "in 3 mount /back 1", "lead back");
    // Each removal may have changed the graph.
    let again = "unmount /7; mount /7 3; ".repeat(STEPS_MAX / 2);
    let again = format!("in 2 batch {}", again.trim_end_matches("; "));
    expect(&mut machine, &again, "beyond the limit mount_records of 100000");
    expect(&mut machine, "delete -r /a", "rev");
    expect(&mut machine, "mount /one-more 2", "rev");
    expect(&mut machine, "mkdir /m", "rev");
    expect(&mut machine, &mounts("/m", 2, MOUNTS_MAX / 2), "rev");
    expect(&mut machine, "copy /m /n", "beyond the limit mounts of 1000");
}

#[test]
fn a_mutation_makes_so_many_parents() {
    let mut machine = Machine::new();
    let chains = |count: usize| -> Vec<Step> {
        (0..count)
            .map(|top| step(&format!("mkdir -p /{top}{}", "/d".repeat(DEPTH_MAX - 1))))
            .collect()
    };
    let fit = COPY_NODES_MAX as usize / DEPTH_MAX;
    let refused = machine.mutate(chains(fit + 1)).outcome;
    let (limit, value) = (COPY_NODES, COPY_NODES_MAX);
    let rejection = Box::new(Rejection::LimitExceeded { limit, value });
    assert_eq!(refused, Outcome::Rejected(Rejection::Step { index: fit as u32, rejection }));
    assert!(matches!(machine.mutate(chains(fit)).outcome, Outcome::Steps(_)));
    expect(&mut machine, "stat /", &(fit * DEPTH_MAX).to_string());
    let violations = super::super::check::check_tree(&machine.state, super::script::GROUP);
    assert!(violations.unwrap().is_empty());
}

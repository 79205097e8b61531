//! `jepsen run` as a user meets it: short runs of real clusters, and what is left of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long a run of a few seconds may take in all, on a busy machine.
const RUN_MAX: Duration = Duration::from_secs(120);

fn jepsen(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jepsen"));
    command.arg("run").args(arguments).stdin(Stdio::null());
    command
}

/// The server is another package's: `cargo test --workspace` builds it, `--package` does not.
fn has_server() -> bool {
    let server = Path::new(env!("CARGO_BIN_EXE_jepsen")).with_file_name("metad");
    if !server.is_file() {
        eprintln!("SKIPPED: there is no {}: cargo build -p metad", server.display());
    }
    server.is_file()
}

/// A folder for what a run writes. Its name is in the arguments of the run's processes.
fn out(name: &str) -> tempfile::TempDir {
    let prefix = format!("jepsen-run-test-{name}-");
    tempfile::Builder::new().prefix(&prefix).tempdir().expect("a temporary folder")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn verdict(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout);
    json.unwrap_or_else(|error| panic!("{error}: {}\n{said}", output.status))
}

#[test]
fn a_cluster_is_killed_and_cut_and_holds() {
    if !has_server() {
        return;
    }
    let out = out("holds");
    let output = jepsen(&["--time", "12s", "--nemesis", "kill,pause,partition", "--json"])
        .args(["--out", text(out.path())])
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let verdict = verdict(&output);
    assert_eq!(verdict["report"]["verdict"], "valid", "{said}\n{verdict:#}");
    assert_eq!(output.status.code(), Some(0), "{said}");
    let faults = verdict["faults"].as_object().expect("faults are counted");
    assert!(!faults.is_empty(), "{said}");
    if said.contains("on loopback") {
        eprintln!("SKIPPED: partitions: {said}");
    } else {
        assert!(faults.keys().any(|name| name.starts_with("partition-")), "{faults:?}");
    }
    for file in ["history.jsonl", "report.html", "node-1.log"] {
        assert!(out.path().join(file).is_file(), "{file}");
    }
    nothing_is_left(out.path());
}

#[cfg(feature = "power-loss")]
#[test]
fn what_was_not_synced_is_lost_and_the_cluster_holds() {
    if !has_server() {
        return;
    }
    let out = out("power");
    let nemesis = ["--nemesis", "power-loss,power-loss-all", "--pace", "2"];
    let output = jepsen(&["--time", "12s", "--json", "--out", text(out.path())])
        .args(nemesis)
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("without power-loss") {
        eprintln!("SKIPPED: {said}");
        return;
    }
    let verdict = verdict(&output);
    assert_eq!(verdict["report"]["verdict"], "valid", "{said}\n{verdict:#}");
    let history = fs::read_to_string(out.path().join("history.jsonl")).expect("a history");
    let lost = history.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        let is_cut = event["f"].as_str()?.starts_with("power-loss");
        event["value"]["lost_writes"].as_u64().filter(|_| is_cut)
    });
    assert!(lost.sum::<u64>() > 0, "nothing was lost: {said}");
    nothing_is_left(out.path());
}

#[test]
fn on_loopback_too() {
    if !has_server() {
        return;
    }
    let out = out("loopback");
    let output = jepsen(&["--time", "3s", "--place", "loopback", "--nemesis", "kill", "--json"])
        .args(["--out", text(out.path())])
        .output()
        .expect("it starts");
    assert_eq!(verdict(&output)["report"]["verdict"], "valid");
    nothing_is_left(out.path());
}

/// Whatever ends it: what a user types, and what nobody can catch.
#[test]
fn what_is_interrupted_leaves_nothing_behind() {
    if !has_server() {
        return;
    }
    for (signal, place) in
        [("INT", "auto"), ("KILL", "auto"), ("TERM", "loopback"), ("KILL", "loopback")]
    {
        let out = out("interrupted");
        let mut command = jepsen(&["--time", "60s", "--out", text(out.path())]);
        if place != "auto" {
            command.args(["--place", place]);
        }
        let mut run = command.stderr(Stdio::piped()).spawn().expect("it starts");
        // Clients are at work.
        wait_until(|| {
            fs::metadata(out.path().join("history.jsonl")).is_ok_and(|it| it.len() > 5_000)
        });
        let [folder] = &folders_of(out.path())[..] else { panic!("a run has one folder") };
        assert!(processes_of(folder).len() > 3, "servers are configured there");
        send(&run, signal);
        let status = run.wait().expect("it ends");
        assert!(!status.success());
        nothing_is_left(out.path());
        wait_until(|| processes_of(folder).is_empty());
        assert!(!mounts().contains(text(folder)));
    }
}

#[test]
fn a_plan_is_drawn_from_the_seed() {
    let plan = |seed| {
        let output = jepsen(&["--plan", "--seed", seed, "--time", "30s"]).output().expect("starts");
        String::from_utf8(output.stdout).expect("it is text")
    };
    assert!(plan("7").lines().count() > 5);
    assert_eq!(plan("7"), plan("7"));
    assert_ne!(plan("7"), plan("8"));
}

fn send(run: &Child, signal: &str) {
    let sent = Command::new("kill").args(["-s", signal, &run.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

fn mounts() -> String {
    fs::read_to_string("/proc/mounts").expect("there is /proc")
}

/// No process, and no folder of data: those of the run name `out`.
fn nothing_is_left(out: &Path) {
    wait_until(|| processes_of(out).is_empty() && folders_of(out).is_empty());
}

fn processes_of(out: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("there is /proc").flatten();
    let command = |entry: fs::DirEntry| fs::read(entry.path().join("cmdline")).ok();
    let commands = processes.filter_map(command);
    let commands = commands.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    commands.filter(|command| command.contains(text(out))).collect()
}

/// The data of nodes whose logs are in `out`.
fn folders_of(out: &Path) -> Vec<PathBuf> {
    let folders =
        fs::read_dir(std::env::temp_dir()).expect("there is a temporary folder").flatten();
    let paths = folders.map(|entry| entry.path());
    let is_of_run = |path: &PathBuf| {
        fs::read_to_string(path.join("lock")).is_ok_and(|of| of.contains(text(out)))
    };
    paths.filter(is_of_run).collect()
}

#[allow(clippy::disallowed_methods, reason = "a bound on other programs")]
fn wait_until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < RUN_MAX, "not within {RUN_MAX:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

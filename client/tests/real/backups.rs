//! Backups of a cluster at work, and new clusters made of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::servers::{Servers, metad};

/// Steps that each make so many directories, of names with this beginning.
fn make(servers: &Servers, begin: &str, count: usize) {
    let steps = servers.folder().join("steps");
    for part in 0..count.div_ceil(1_000) {
        let names =
            (0..count.min(1_000)).map(|name| format!("mkdir /{begin}{part}-{name:0>100}\n"));
        fs::write(&steps, names.collect::<String>()).expect("write");
        servers.told(&["batch", steps.to_str().expect("text")]);
    }
}

/// Writes until it is dropped.
struct Writer(Child);

impl Writer {
    fn start(servers: &Servers) -> Writer {
        let script = "while \"$0\" --endpoints \"$1\" mkdir /w$$-$((++i)); do :; done";
        let arguments = [env!("CARGO_BIN_EXE_metactl"), &servers.addresses().join(",")];
        let mut command = Command::new("bash");
        command.args(["-c", script]).args(arguments);
        Writer(command.stdout(Stdio::null()).spawn().expect("bash"))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("entry").path());
    let inside = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(inside).collect()
}

/// Has `metad` restore, and gives what it prints, or says as it fails.
fn restore(place: &str, config: &Path, more: &[&str]) -> Result<Value, String> {
    let mut command = metad();
    command.args(["restore", "--json", "--from", place, "--config"]).arg(config).args(more);
    let output = command.output().expect("it runs");
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).expect("JSON")),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// All lines but the first, which has the revision.
fn dump(servers: &Servers) -> String {
    let output = servers.metactl(&["dump"]);
    assert!(output.status.success(), "{output:?}");
    let dump = String::from_utf8(output.stdout).expect("text");
    dump.split_once('\n').map(|(_, rest)| rest.to_owned()).expect("lines")
}

#[test]
fn a_cluster_at_work_is_backed_up_and_restored() {
    let Some(from) = Servers::start(3) else { return };
    from.told(&["ns", "create", "main"]);
    from.told(&["ns", "create", "other"]);
    make(&from, "a", 12_000);
    let place = from.folder().join("backups");
    let place = place.to_str().expect("text");

    // Others write meanwhile; what was acknowledged before is in it.
    let writer = Writer::start(&from);
    let nodes = || from.told(&["du", "/"])["nodes"].as_u64().expect("a count");
    while nodes() <= 12_000 {}
    let before = from.told(&["mkdir", "/before"]);
    let first = from.told(&["backup", "create", place]);
    drop(writer);
    assert!(first["revision"].as_u64() >= before["revision"].as_u64(), "{first} {before}");
    assert_eq!(first["new_chunks"], first["chunks"]);
    assert!(first["chunks"].as_u64() > Some(8), "{first}");

    // What did not change is not written again.
    from.told(&["mkdir", "/last"]);
    let second = from.told(&["backup", "create", place]);
    assert!(
        second["new_chunks"].as_u64() < first["chunks"].as_u64().map(|all| all / 2),
        "{second}"
    );
    let listed = from.told(&["backup", "list", place]);
    assert_eq!(listed["backups"].as_array().map(Vec::len), Some(2), "{listed}");
    assert_eq!(from.told(&["backup", "verify", place])["name"], second["name"]);

    // A new cluster of one node has all of it, and a backup of it is as good as new.
    let mut to = Servers::prepare(1, "restored");
    let told = restore(place, &to.config(1), &[]).expect("restored");
    assert_eq!(told["hash"], second["hash"]);
    to.start_node(1);
    to.until("leader", |status| status["leader"] == 1);
    assert_eq!(dump(&to), dump(&from));
    let again = to.told(&["backup", "create", to.folder().join("b").to_str().expect("text")]);
    assert_eq!(again["cluster"], "restored");
    // Others join it.
    let address = to.join("joined").expect("it starts");
    to.told(&["cluster", "add", &address]);
    to.told(&["cluster", "promote", "2"]);
    to.told(&["mkdir", "/new"]);

    // What is there is never written over.
    let why = restore(place, &to.config(1), &[]).expect_err("not empty");
    assert!(why.contains("never written over"), "{why}");
}

#[test]
fn what_is_damaged_or_cut_off_is_told() {
    let Some(from) = Servers::start(1) else { return };
    from.told(&["ns", "create", "main"]);
    make(&from, "a", 2_000);
    let place = from.folder().join("backups");
    let shown = place.to_str().expect("text");
    let made = from.told(&["backup", "create", shown]);

    // As one that was killed before the end leaves it.
    let name = made["name"].as_str().expect("a name").to_owned();
    let manifest = place.join("backups").join(format!("{name}.json"));
    let text = fs::read(&manifest).expect("read");
    fs::remove_file(&manifest).expect("remove");
    assert_eq!(from.told(&["backup", "list", shown])["backups"], serde_json::json!([]));
    let why = from.refused(&["backup", "verify", shown]);
    assert!(why.contains("there is no backup"), "{why}");
    fs::write(&manifest, text).expect("write");

    let to = Servers::prepare(1, "restored");
    let chunk = files(&place.join("chunks")).pop().expect("a chunk");
    let mut spoiled = fs::read(&chunk).expect("read");
    let middle = spoiled.len() / 2;
    spoiled[middle] ^= 1;
    fs::write(&chunk, spoiled).expect("write");
    let chunk = chunk.file_name().expect("a name").to_str().expect("text");
    let told = [
        from.refused(&["backup", "verify", shown, "--backup", &name]),
        restore(shown, &to.config(1), &[]).expect_err("damaged"),
    ];
    assert!(told.iter().all(|why| why.contains(chunk) && why.contains("is damaged")), "{told:?}");
    // Nothing that could be served is left.
    assert!(!to.folder().join("1").join("log").exists());

    let why = restore(shown, &from.config(1), &[]).expect_err("its own name");
    assert!(why.contains("Give the new cluster another name"), "{why}");
}

#[test]
fn one_namespace_is_restored() {
    let Some(from) = Servers::start(1) else { return };
    for name in ["main", "photos"] {
        from.told(&["ns", "create", name]);
    }
    from.told(&["--ns", "photos", "mkdir", "/2026"]);
    let place = from.folder().join("backups");
    let place = place.to_str().expect("text");
    from.told(&["backup", "create", place]);
    let mut to = Servers::prepare(1, "restored");
    let why = restore(place, &to.config(1), &["--namespace", "music"]).expect_err("none");
    assert!(why.contains("no namespace \"music\""), "{why}");
    restore(place, &to.config(1), &["--namespace", "photos"]).expect("restored");
    to.start_node(1);
    to.until("leader", |status| status["leader"] == 1);
    let namespaces = to.told(&["ns", "ls"])["namespaces"].clone();
    let names: Vec<_> =
        namespaces.as_array().expect("a list").iter().map(|ns| &ns["name"]).collect();
    assert_eq!(names, ["photos"]);
    assert_eq!(to.told(&["--ns", "photos", "stat", "/2026"])["name"], "2026");

    // From there into a cluster at work.
    let dumped = to.metactl(&["dump"]);
    from.told(&["ns", "rm", "-r", "photos"]);
    let file = to.folder().join("dump");
    fs::write(&file, dumped.stdout).expect("write");
    from.told(&["load", file.to_str().expect("text")]);
    assert_eq!(from.told(&["--ns", "photos", "stat", "/2026"])["name"], "2026");
}

#[test]
fn any_revision_of_a_journal_is_restored() {
    let Some(from) = Servers::start(1) else { return };
    from.told(&["ns", "create", "main"]);
    let place = from.folder().join("backups");
    let place = place.to_str().expect("text");
    let base = from.told(&["backup", "create", place]);
    let why = from.refused(&["backup", "create", place, "--journal"]);
    assert!(why.contains("nothing came since"), "{why}");
    from.told(&["mkdir", "/a"]);
    let wanted = from.told(&["mkdir", "/b"])["revision"].as_u64().expect("a revision");
    from.told(&["mkdir", "/c"]);
    let journal = from.told(&["backup", "create", place, "--journal"]);
    assert_eq!(journal["after"], base["name"]);
    from.told(&["mkdir", "/d"]);
    let later = from.told(&["backup", "create", place, "--journal"]);
    assert_eq!(later["after"], journal["name"]);
    from.told(&["backup", "verify", place]);

    for (more, expected) in [
        (vec![], vec!["a", "b", "c", "d"]),
        (vec!["--revision".to_owned(), wanted.to_string()], vec!["a", "b"]),
    ] {
        let mut to = Servers::prepare(1, "restored");
        let more: Vec<_> = more.iter().map(String::as_str).collect();
        restore(place, &to.config(1), &more).expect("restored");
        to.start_node(1);
        to.until("leader", |status| status["leader"] == 1);
        let listed = to.told(&["ls"]);
        let entries = listed["entries"].as_array().expect("entries");
        let names: Vec<_> = entries.iter().filter_map(|entry| entry["name"].as_str()).collect();
        assert_eq!(names, expected);
    }
    let to = Servers::prepare(1, "restored");
    let why = restore(place, &to.config(1), &["--revision", "999"]).expect_err("none");
    assert!(why.contains("there is no backup that reaches revision 999"), "{why}");
}

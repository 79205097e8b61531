//! Holds the rules of docs/ARCHITECTURE.md: who may import what.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The server's modules, bottom to top: a line may import only from lines above it, and
/// from itself.
const LAYERS: &[&[&str]] = &[
    &["coalesce", "types"],
    &["kv"],
    &["records"],
    &["tree"],
    &["raft"],
    &["config", "fsck", "inspect", "journal", "metrics", "restore"],
    &["service"],
    &["server"],
    &["command", "main", "lib"],
];

/// What must not be named, and where.
const NEVER: &[(&[&str], &[&str])] = &[
    (
        &["metad/src/types", "metad/src/records", "metad/src/tree"],
        &[
            "tokio",
            "tonic::",
            "openraft",
            "rocksdb",
            "std::time",
            "SystemTime",
            "Instant::",
            "std::env",
            "std::fs",
            "std::thread",
            "rand::",
            "HashMap",
            "HashSet",
            "f64",
            "async",
        ],
    ),
    (&["metad/src/tree", "metad/src/types", "metad/src/records"], &["v1::", "prost"]),
    // One thread of simulated time is all that the simulator has.
    (&["metad/src", "client/src", "workload/src"], &["std::thread", "JoinSet", "block_in_place"]),
];

/// The only places that name RocksDB.
const ROCKSDB: &[&str] = &["metad/src/kv/rocks/"];

/// The only places where the simulated world differs from the real one.
const SIMULATED: &[&str] = &[
    "metad/src/kv/blocking.rs",
    "metad/src/main.rs",
    "metad/src/raft/runtime/",
    "proto/src/planted.rs",
    "proto/src/transport/",
    "sim/",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("metad is in the workspace").into()
}

/// Rust files under a folder of the workspace: their paths in it, and what they say without
/// comments.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("under the root");
                let text = fs::read_to_string(&path).expect("read");
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let code = code.collect::<Vec<_>>().join("\n");
                found.push((name.to_string_lossy().into_owned(), code));
            }
        }
    }
    assert!(!found.is_empty(), "no sources under {folder}");
    found.sort();
    found
}

/// The modules of the crate that a file imports: the names after `crate::`, also in braces.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(braces) = rest.strip_prefix('{') else {
            names.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut first = true;
        for (at, c) in braces.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => first = true,
                c if depth == 0 && first && !c.is_whitespace() => {
                    names.insert(word(&braces[at..]));
                    first = false;
                }
                _ => {}
            }
        }
    }
    names.remove("");
    names
}

fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| layer.contains(&module))
        .unwrap_or_else(|| panic!("{module} is in no layer: add it to LAYERS"))
}

#[test]
fn imports_go_down() {
    let mut wrong = Vec::new();
    for (path, code) in sources("metad/src") {
        let inside = path.strip_prefix("metad/src/").expect("asked for");
        let own = inside.split(['/', '.']).next().expect("a name");
        for import in imports(&code) {
            if import != own && layer(&import) >= layer(own) && own != "lib" {
                wrong.push(format!("{path} imports {import}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_must_not_be_named_is_not() {
    let mut wrong = Vec::new();
    for (folders, words) in NEVER {
        for (path, code) in folders.iter().flat_map(|folder| sources(folder)) {
            let named = words.iter().filter(|word| names(&code, word));
            wrong.extend(named.map(|word| format!("{path} names {word}")));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Whether code names a word, not as a part of another one.
fn names(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let open_end = word.ends_with(':');
        !before.is_some_and(part) && (open_end || !after.is_some_and(part))
    })
}

#[test]
fn rocksdb_is_named_in_one_place() {
    only_in(&["metad/src", "client/src", "workload/src", "jepsen/src"], "rocksdb", ROCKSDB);
}

#[test]
fn the_worlds_differ_in_few_places() {
    let folders = ["metad/src", "client/src", "workload/src", "jepsen/src", "proto/src", "sim/src"];
    only_in(&folders, "madsim", SIMULATED);
}

fn only_in(folders: &[&str], word: &str, places: &[&str]) {
    let all = folders.iter().flat_map(|folder| sources(folder));
    let wrong = all.filter(|(path, code)| {
        names(code, word) && !places.iter().any(|place| path.starts_with(place))
    });
    let wrong = wrong.map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!(wrong, Vec::<String>::new(), "{word} is named outside of {places:?}");
}

#[test]
fn manifests_keep_apart_what_must_be() {
    // A shared model would share its bugs; a client must not need a server's storage.
    let never = [
        ("jepsen", vec!["metad"]),
        ("client", vec!["metad"]),
        ("workload", vec!["metad"]),
        ("proto", vec!["metad", "metad-client"]),
        ("backup", vec!["metad", "metad-client"]),
        ("metad", vec!["metad-sim", "metad-client", "metad-jepsen", "metad-workload"]),
    ];
    for (package, forbidden) in never {
        let path = root().join(package).join("Cargo.toml");
        let manifest = fs::read_to_string(path).expect("read");
        for name in forbidden {
            let depends = |line: &str| {
                let rest = line.trim_start().strip_prefix(name);
                rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
            };
            assert!(!manifest.lines().any(depends), "{package} depends on {name}");
        }
    }
}

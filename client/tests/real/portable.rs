//! What is dumped, loaded elsewhere and dumped again is the same.

use crate::servers::Servers;

fn dump(servers: &Servers) -> String {
    let output = servers.metactl(&["dump"]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_dump_loaded_elsewhere_is_the_same() {
    let (Some(from), Some(to)) = (Servers::start(1), Servers::start(1)) else { return };
    from.told(&["ns", "create", "main", "--quota-nodes", "5000"]);
    from.told(&["ns", "create", "Shared", "--policy", "casefold"]);
    let hash = "ab".repeat(32);
    let file = format!("put /a/f 17 {hash} type=text/plain mtime=99 blocks={hash}");
    let script = format!(
        "mkdir /a\nmkdir '/a/ü b'\n{file}\nln ../x /a/link\nattr /a/f colour=red\n\
         quota /a nodes=3000\nmount /shared Shared\n"
    );
    let steps = from.folder().join("steps");
    std::fs::write(&steps, script).expect("write");
    from.told(&["batch", steps.to_str().expect("text")]);
    // More than a page and a batch.
    for part in 0..3 {
        let names = (0..500).map(|name| format!("mkdir /a/{part}-{name}\n"));
        std::fs::write(&steps, names.collect::<String>()).expect("write");
        from.told(&["batch", steps.to_str().expect("text")]);
    }
    from.told(&["--ns", "Shared", "mkdir", "/Inner"]);
    // Longer than a path may be, with something else after it.
    let long = "long".repeat(50);
    let upper = format!("/{long}").repeat(15);
    from.told(&["mkdir", "-p", &upper]);
    let id = from.told(&["stat", &upper])["id"].to_string();
    from.told(&["mkdir", "-p", &format!("#{id}{upper}")]);
    from.told(&["mkdir", &format!("/{long}/more")]);

    let dumped = dump(&from);
    for part in [
        "\"colour\":\"726564\"",
        "ü b",
        "/Inner",
        "\"nodes\":3000",
        "\"nodes\":5000",
        "\"shows\":\"Shared\"",
    ] {
        assert!(dumped.contains(part), "{part} is not in the dump");
    }
    assert_eq!(dumped.matches(&hash).count(), 2, "the hash of the content and that of its block");
    let file = to.folder().join("dump");
    std::fs::write(&file, &dumped).expect("write");
    let loaded = to.told(&["load", file.to_str().expect("text")]);
    assert_eq!(loaded["nodes"], 1_506 + 2 * 15 + 1, "{loaded}");
    let rest = |dump: &str| dump.split_once('\n').map(|(_, rest)| rest.to_owned());
    assert_eq!(rest(&dump(&to)), rest(&dumped));

    // What is there already is not written into; what was cut is told.
    let why = to.refused(&["load", file.to_str().expect("text")]);
    assert!(why.contains("ALREADY_EXISTS"), "{why}");
    let cut = dumped.lines().take(1).collect::<String>() + "\n";
    std::fs::write(&file, cut).expect("write");
    let why = to.refused(&["load", file.to_str().expect("text")]);
    assert!(why.contains("the dump was cut"), "{why}");
    // What was made before is named.
    let half: String =
        dumped.lines().take(4).map(|line| line.replace("main", "next") + "\n").collect();
    std::fs::write(&file, half.replace("Shared", "other")).expect("write");
    let why = to.refused(&["load", file.to_str().expect("text")]);
    assert!(why.contains("`metactl ns rm -r next`, `metactl ns rm -r other`"), "{why}");
}

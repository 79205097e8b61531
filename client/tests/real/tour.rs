//! docs/TOUR.md, as it is written: each of its commands says what the tour shows, but for times and
//! who leads.

use std::{fmt::Write as _, net::TcpListener, process::Command};

use crate::servers::binary;

/// Before what a command says.
const MARK: &str = "\u{1e}";

/// What is another time another one, each digit a zero: times, dates, and which node leads.
const VARYING: [&str; 3] = ["0000-00-00T00:00:00Z", "0000-00-00", "\"node\":\"0\""];

struct Line {
    command: String,
    shown: String,
}

/// The commands of the tour, and what it shows of each.
fn tour() -> Vec<Line> {
    let text = include_str!("../../../docs/TOUR.md");
    let mut lines: Vec<Line> = Vec::new();
    for block in text.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").expect("a block has an end");
        for text in block.lines() {
            match (text.strip_prefix("$ "), lines.last_mut()) {
                (Some(command), _) => {
                    lines.push(Line { command: command.to_owned(), shown: String::new() });
                }
                (None, Some(line)) => line.shown = format!("{}{text}\n", line.shown),
                (None, None) => panic!("a block begins with {text:?}"),
            }
        }
    }
    lines
}

/// The first of three ports that are free.
fn port() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first =
        || TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it").port();
    let mut found = std::iter::repeat_with(first);
    found.find(|first| (*first..first.saturating_add(3)).all(free)).expect("there is one")
}

fn script(lines: &[Line]) -> String {
    let mut script = String::from(
        r#"
        exec 2>&1
        mkdir bin
        PATH=$PWD/bin:$PATH
        ln -s "$METAD" bin/metad
        ln -s "$METACTL" bin/metactl
        for name in ann bob team; do
            printf '#!/bin/sh\nexec metactl --ns %s "$@"\n' $name > bin/$name
            chmod +x bin/$name
        done
        metad dev --nodes 3 --data tour --port "$PORT" > dev.log &
        cluster=$!
        trap 'kill $(jobs -p) 2> /dev/null' EXIT
        for try in $(seq 100); do metactl status > /dev/null && break; sleep 0.1; done
        "#,
    );
    for Line { command, .. } in lines {
        if command.starts_with("metad fsck") {
            script.push_str("kill -INT $cluster; wait $cluster\n");
        }
        writeln!(script, "printf '{MARK}'\n{command}").expect("text takes all");
    }
    script
}

/// With zeros in what varies.
fn constant(text: &str) -> String {
    let matches = |text: &str, pattern: &str| {
        text.len() >= pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, pattern)| match pattern {
                b'0' => byte.is_ascii_digit(),
                _ => byte == pattern,
            })
    };
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let pattern = VARYING.into_iter().find(|pattern| matches(rest, pattern));
        masked.push_str(pattern.unwrap_or(&rest[..first.len_utf8()]));
        rest = &rest[pattern.map_or(first.len_utf8(), str::len)..];
    }
    masked
}

/// What depends on how often the cluster elected a leader.
fn without_counts(text: &str) -> String {
    let known = |line: &str| line.split("; ").next().expect("there is a first part").to_owned();
    text.lines().map(known).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_tour_is_as_it_is_written() {
    let Some(server) = binary() else { return };
    let lines = tour();
    assert!(lines.len() > 50, "{} commands", lines.len());
    let folder = tempfile::TempDir::new().expect("a folder");
    let port = port();
    let endpoints: Vec<_> = (port..port + 3).map(|port| format!("127.0.0.1:{port}")).collect();
    let output = Command::new("bash")
        .args(["-c", &script(&lines)])
        .current_dir(folder.path())
        .env("METAD", server)
        .env("METACTL", env!("CARGO_BIN_EXE_metactl"))
        .env("METAD_ENDPOINTS", endpoints.join(","))
        .env("PORT", port.to_string())
        .env("RUST_LOG", "off")
        .output()
        .expect("bash runs");
    let said = String::from_utf8(output.stdout).expect("text");
    let answers: Vec<_> = said.split(MARK).skip(1).collect();
    assert_eq!(answers.len(), lines.len(), "{said}");
    for (Line { command, shown }, said) in lines.iter().zip(answers) {
        let (mut shown, mut said) = (constant(shown), constant(said));
        if command.starts_with("metad fsck") {
            (shown, said) = (without_counts(&shown), without_counts(&said));
        }
        assert_eq!(said, shown, "$ {command}");
    }
}

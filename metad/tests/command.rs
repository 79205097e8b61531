//! The `metad` command: mistakes are told in one line, signals stop it, and what it was
//! killed with it has when it comes back.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use expect_test::{Expect, expect};
use tempfile::TempDir;

fn metad() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metad"));
    command.env("RUST_LOG", "off").stdin(Stdio::null());
    command
}

fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("its address").port()
}

fn config(folder: &Path, cluster: &str, port: u16) -> String {
    let text = format!(
        "cluster = \"{cluster}\"\nnode = 1\ndata_dir = \"data\"\n[peers]\n1 = \"127.0.0.1:{port}\"\n"
    );
    let path = folder.join(format!("{cluster}.toml"));
    std::fs::write(&path, text).expect("write");
    path.to_str().expect("a plain path").to_owned()
}

/// Starts a node and waits until it says that it listens.
fn serve(config: &str) -> Child {
    serve_with(config, &[])
}

fn serve_with(config: &str, more: &[&str]) -> Child {
    let mut command = metad();
    command.args(["serve", "--config", config]).args(more).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start");
    let mut line = String::new();
    let stderr = child.stderr.take().expect("piped");
    BufReader::new(stderr).read_line(&mut line).expect("read");
    assert!(line.contains("listens"), "{line}");
    child
}

fn check(output: Output, folder: &TempDir, port: u16, expected: Expect) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).expect("text");
    let said = said.replace(folder.path().to_str().expect("text"), "DIR");
    expected.assert_eq(&said.replace(&port.to_string(), "PORT"));
}

fn refused(config: &str) -> Output {
    metad().args(["serve", "--config", config]).output().expect("run")
}

#[test]
fn mistakes_are_told_in_one_line() {
    let (folder, port) = (TempDir::new().expect("folder"), free_port());
    let missing = folder.path().join("none.toml");
    check(
        refused(missing.to_str().expect("text")),
        &folder,
        port,
        expect![[r#"
            metad: config DIR/none.toml: there is no such file: `metad serve --help` shows what to write
        "#]],
    );

    let unknown = config(folder.path(), "home", port);
    let text = std::fs::read_to_string(&unknown).expect("read");
    std::fs::write(&unknown, format!("colour = 1\n{text}")).expect("write");
    check(
        refused(&unknown),
        &folder,
        port,
        expect![[r#"
            metad: config DIR/home.toml: line 1: unknown field `colour`, expected one of `cluster`, `node`, `data_dir`, `listen`, `format`, `disk_reserve_bytes`, `compare_every_minutes`, `peers`, `join`, `address`, `raft`, `retention`, `auth`, `tls`, `insecure`
        "#]],
    );

    let ours = config(folder.path(), "home", port);
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    std::fs::write(folder.path().join("data/thesis.tex"), "precious").expect("write");
    check(
        refused(&ours),
        &folder,
        port,
        expect![[r#"
        metad: data folder DIR/data: thesis.tex is in it, which is not metad's: set data_dir to an empty folder, or to one that metad made
    "#]],
    );
    std::fs::remove_dir_all(folder.path().join("data")).expect("remove");
    std::fs::write(folder.path().join("data"), "a file").expect("write");
    check(
        refused(&ours),
        &folder,
        port,
        expect![[r#"
        metad: data folder DIR/data: it is not a folder: set another data_dir
    "#]],
    );
    std::fs::remove_file(folder.path().join("data")).expect("remove");

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken_port = taken.local_addr().expect("its address").port();
    let config = config(folder.path(), "home", taken_port);
    check(
        refused(&config),
        &folder,
        taken_port,
        expect![[r#"
        metad: cannot listen on 127.0.0.1:PORT: another process does; stop it or choose another port
    "#]],
    );
}

#[test]
fn plain_text_beyond_loopback_must_be_asked_for() {
    let (folder, port) = (TempDir::new().expect("folder"), free_port());
    let config = config(folder.path(), "home", port);
    let text = std::fs::read_to_string(&config).expect("read");
    let everywhere = format!("listen = \"0.0.0.0:{port}\"\n{text}");
    std::fs::write(&config, &everywhere).expect("write");
    check(
        refused(&config),
        &folder,
        port,
        expect![[r#"
        metad: listen: other machines reach 0.0.0.0:PORT, and without TLS whoever is on the way can read and change everything: add a [tls] table (docs/OPERATIONS.md, "Secure"), or accept that with insecure = true or --insecure
    "#]],
    );
    assert!(!folder.path().join("data").exists(), "it is refused before anything is made");

    // With TLS it would be right, had it a certificate.
    let tls = "[tls]\ncertificate = \"c.pem\"\nkey = \"c.key\"\nca = \"ca.pem\"\n";
    std::fs::write(&config, format!("{everywhere}{tls}")).expect("write");
    check(
        refused(&config),
        &folder,
        port,
        expect![[r#"
        metad: tls: DIR/c.pem: No such file or directory (os error 2)
    "#]],
    );

    std::fs::write(&config, &everywhere).expect("write");
    let mut child = serve_with(&config, &["--insecure"]);
    child.kill().expect("kill");
    child.wait().expect("wait");
    std::fs::write(&config, format!("insecure = true\n{everywhere}")).expect("write");
    let mut child = serve(&config);
    child.kill().expect("kill");
    child.wait().expect("wait");
}

#[test]
fn a_foreign_folder_and_one_in_use_are_refused() {
    let (folder, port) = (TempDir::new().expect("folder"), free_port());
    let ours = config(folder.path(), "home", port);
    let mut running = serve(&ours);
    check(
        refused(&ours),
        &folder,
        port,
        expect![[r#"
        metad: data folder DIR/data is in use by another process: stop it, or set another data_dir
    "#]],
    );
    running.kill().expect("kill");
    running.wait().expect("wait");
    let theirs = config(folder.path(), "work", port);
    check(
        refused(&theirs),
        &folder,
        port,
        expect![[r#"
        metad: data folder DIR/data: the data folder is of cluster "home", group 1, node 1, not of cluster "work", group 1, node 1: use another data_dir, or correct cluster and node
    "#]],
    );
}

#[test]
fn a_signal_stops_it_cleanly_and_a_kill_does_no_harm() {
    let (folder, port) = (TempDir::new().expect("folder"), free_port());
    let config = config(folder.path(), "home", port);
    for signal in ["KILL", "TERM", "INT"] {
        let mut running = serve(&config);
        let pid = running.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill");
        assert!(sent.success());
        let status = running.wait().expect("wait");
        assert_eq!(status.success(), signal != "KILL", "{signal}: {status}");
    }
}

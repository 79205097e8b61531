//! metactl, as a process: what it sends, prints and ends with.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use metad_client::{
    errors::{self, Info, Reason},
    steps::{self, by_id, under},
    v1::{self, *},
};

use crate::fake::{Node, Plot, Script};

/// Runs it in namespace 7, which the scripted node has.
fn metactl(node: &Node, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metactl"));
    command.args(["--endpoints", &node.address.to_string(), "--ns", "#7"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start metactl");
    // It may end before it has read all.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    child.wait_with_output().expect("wait for metactl")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it is text")
}

/// What it printed, having succeeded.
fn printed(node: &Node, arguments: &[&str], input: &str) -> String {
    let output = metactl(node, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// The error that it told as JSON, and its exit code.
fn failed(node: &Node, arguments: &[&str], input: &str) -> (serde_json::Value, i32) {
    let output = metactl(node, &[arguments, &["--json"]].concat(), input);
    let told: serde_json::Value = serde_json::from_slice(&output.stderr)
        .unwrap_or_else(|_| panic!("not JSON: {}", text(&output.stderr)));
    (told["error"].clone(), output.status.code().expect("no signal ended it"))
}

fn steps_sent(node: &Node) -> Vec<Vec<Step>> {
    let of = |request: &MutateRequest| match &request.mutation {
        Some(mutate_request::Mutation::Steps(steps)) => steps.steps.clone(),
        other => panic!("unexpected {other:?}"),
    };
    node.plot(|plot| plot.mutations.iter().map(of).collect())
}

fn refused(reason: Reason) -> Info {
    Info::new(reason).with(errors::NODE, 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_start_from_ids() {
    let found = LookupReply { id: 17, path: "/a/b".to_owned(), ns: 7, ..Default::default() };
    let plot = Plot { lookup: [Script::Answer(found)].into(), ..Plot::default() };
    let node = Node::start(1, plot).await;
    assert_eq!(printed(&node, &["lookup", "#17"], ""), "/a/b\n");
    let asked = node.plot(|plot| plot.lookups.clone());
    assert_eq!((asked[0].ns, asked[0].target.clone()), (7, Some(by_id(17))));
    printed(&node, &["mkdir", "#17/x/y"], "");
    printed(&node, &["mv", "#17", "#9/x"], "");
    printed(&node, &["mv", "#17/x", "#9/"], "");
    let expected = [
        steps::mkdir(under(17, "x/y")),
        steps::rename(by_id(17), under(9, "x")),
        steps::rename(under(17, "x"), under(9, "x")),
    ];
    assert_eq!(steps_sent(&node), expected.map(|step| vec![step]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_only_an_id_keeps_its_name() {
    let stat = v1::Node { id: 17, name: "x".to_owned(), ..Default::default() };
    let reply = StatReply { stat: Some(stat), ..Default::default() };
    let plot = Plot { stat: [Script::Answer(reply)].into(), ..Plot::default() };
    let node = Node::start(1, plot).await;
    printed(&node, &["mv", "#17", "/d/"], "");
    assert_eq!(steps_sent(&node), [vec![steps::rename(by_id(17), steps::at("/d/x"))]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_one_mutation() {
    let node = Node::start(1, Plot::default()).await;
    let input = "# both\nmkdir '/a b'\n\nrm #17 rev=3\n";
    let results = printed(&node, &["batch", "--json"], input);
    let results: serde_json::Value = serde_json::from_str(&results).expect("it is JSON");
    let (first, last) = (&results["results"][0], &results["results"][1]);
    assert_eq!((&first["line"], &first["step"]), (&2.into(), &"mkdir".into()));
    assert_eq!((&last["line"], &last["step"]), (&4.into(), &"rm".into()));
    let delete = Delete { target: Some(by_id(17)), recursive: false, rev: 3 };
    let expected = vec![steps::mkdir(steps::at("/a b")), steps::delete_with(delete)];
    assert_eq!(steps_sent(&node), [expected]);
    assert_eq!(node.plot(|plot| (plot.sessions, plot.closed)), (1, 1), "a session is given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_line_is_named_before_anything_is_sent() {
    let node = Node::start(1, Plot::default()).await;
    let (error, code) = failed(&node, &["batch"], "mkdir /a\n\nmkdri /b\n");
    assert_eq!((&error["line"], &error["kind"], code), (&3.into(), &"invalid".into(), 2));
    assert_eq!(node.plot(|plot| (plot.mutations.len(), plot.sessions)), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_step_is_named_by_its_line() {
    let status = refused(Reason::AlreadyExists).with(errors::STEP, 1);
    let status = status.status("step 1: the name is taken");
    let plot = Plot { mutate: [Script::Refuse(status)].into(), ..Plot::default() };
    let node = Node::start(1, plot).await;
    let (error, code) = failed(&node, &["batch", "-"], "mkdir /a\n# then\nmkdir /b\n");
    assert_eq!((&error["line"], &error["reason"], code), (&3.into(), &"ALREADY_EXISTS".into(), 1));
    assert_eq!(error["message"], "line 3: mkdir /b: the name is taken (ALREADY_EXISTS)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bound_that_is_not_said_stays() {
    let before = Quota { nodes: Some(5), bytes: Some(7) };
    let stat = v1::Node { quota: Some(before), ..Default::default() };
    let reply = StatReply { stat: Some(stat), ..Default::default() };
    let script = || Script::Answer(reply.clone());
    let plot = Plot { stat: [script(), script(), script()].into(), ..Plot::default() };
    let node = Node::start(1, plot).await;
    printed(&node, &["quota", "/a", "--nodes", "6"], "");
    printed(&node, &["quota", "/a", "--nodes", "none"], "");
    printed(&node, &["batch"], "quota /a bytes=8\n");
    printed(&node, &["quota", "/a", "--nodes", "1", "--bytes", "none"], "");
    let quota = |nodes, bytes| vec![steps::set_quota(steps::at("/a"), Quota { nodes, bytes })];
    let expected = [
        quota(Some(6), Some(7)),
        quota(None, Some(7)),
        quota(Some(5), Some(8)),
        quota(Some(1), None),
    ];
    assert_eq!(steps_sent(&node), expected);
    assert_eq!(node.plot(|plot| plot.stats.len()), 3, "what is said needs no read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cursors_are_printed_and_waited_after() {
    let cursor = Cursor { revision: 17, ordinal: 2 };
    let reply = GetCursorReply { cursor: Some(cursor), ..Default::default() };
    let plot = Plot { cursor: [Script::Answer(reply)].into(), ..Plot::default() };
    let node = Node::start(1, plot).await;
    assert_eq!(printed(&node, &["cursor"], ""), "17.2\n");
    assert_eq!(printed(&node, &["wait", "--cursor", "17.2", "--timeout", "5"], ""), "changed\n");
    printed(&node, &["wait", "--from-start"], "");
    let waits = node.plot(|plot| plot.waits.iter().map(|wait| wait.after).collect::<Vec<_>>());
    assert_eq!(waits, [Some(cursor), None]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_json_every_error_is_json() {
    let node = Node::start(1, Plot::default()).await;
    let gone = || Script::Refuse(refused(Reason::NotFound).status("no such namespace"));
    for arguments in [&["ns", "show", "nope"][..], &["ls", "/"], &["batch"]] {
        node.plot(|plot| plot.namespace = [gone()].into());
        let (error, code) = failed(&node, arguments, "mkdir /a\n");
        let told = (&error["reason"], &error["kind"], code);
        assert_eq!(told, (&"NOT_FOUND".into(), &"rejected".into(), 1), "{arguments:?}");
    }
    for arguments in [&["bogus"][..], &["mv", "/a"], &["stat", "#x"], &["attr", "/a", "b"]] {
        let (error, code) = failed(&node, arguments, "");
        assert_eq!((&error["kind"], code), (&"invalid".into(), 2), "{arguments:?}");
    }
    let (error, code) = failed(&node, &["put", "/does/not/exist", "/a"], "");
    assert_eq!((&error["kind"], code), (&"failed".into(), 1));
    // The scripted node knows nothing of a cluster.
    let (error, code) = failed(&node, &["status"], "");
    assert_eq!((&error["reason"], code), (&"NO_LEADER".into(), 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_of_what_a_node_has_says_how_old_it_may_be() {
    let found = LookupReply { staleness_ms: 40, node: 1, revision: 3, ..Default::default() };
    let script = || Script::Answer(found.clone());
    let plot = Plot { lookup: [script(), script()].into(), ..Plot::default() };
    let node = Node::start(1, plot).await;
    let asked = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&printed(&node, arguments, "")).expect("it is JSON")
    };
    let any = asked(&["lookup", "/", "--json", "--read", "any"]);
    let told = (&any["staleness_ms"], &any["answered_by"], &any["revision"]);
    assert_eq!(told, (&40.into(), &1.into(), &3.into()));
    assert_eq!(asked(&["lookup", "/", "--json"])["staleness_ms"], serde_json::Value::Null);
}

//! Reading: what each format means, and that no input makes a reader panic.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{Format, History, parse};

const LOG: &str = "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n\
    INFO  jepsen.core - something else\n\
    INFO  jepsen.util - :nemesis\t:info\t:start\t\"Cut off [:n1]\"\n\
    INFO  jepsen.util - 1\t:invoke\t:cas\t[1 2]\n\
    INFO  jepsen.util - 0\t:ok\t:read\tnil\n\
    INFO  jepsen.util - 1\t:fail\t:cas\t[1 2]\n\
    INFO  jepsen.util - 0\t:invoke\t:write\t3\n\
    INFO  jepsen.util - 0\t:info\t:write\t:timed-out\n";

const VECTOR: &str = "; a comment\n\
    [{:process 0, :type :invoke, :f :write, :value 2, :time 12}\n \
    {:process :nemesis, :type :info, :f :start, :value #{:n1 \"a\\nb\"}}\n \
    #knossos.op.Op{:process 1 :type :invoke :f :cas :value (1 2N), :error [:timeout #inst \"x\"]}\n \
    #_{:process 9} {:process 0, :type :ok, :f :write, :value 2}\n \
    {:process 1, :type :info, :f :cas, :value [1 2]}]\n";

const LINES: &str = "{:process 0, :type :invoke, :f :get, :key \"a\", :value nil}\n\
    {:process 0, :type :ok, :f :get, :key \"a\", :value \"x 0 y\"}\n";

const METAD: &str = "{\"history\":\"metad/1\",\"workload\":\"team\",\"seed\":7,\"nodes\":3,\"faults\":[\"kill\"]}\n\
    {\"index\":0,\"time\":1,\"process\":3,\"type\":\"invoke\",\"f\":\"mkdir\",\"value\":{\"ns\":1,\"path\":\"/a\"},\"request\":[7,41]}\n\
    {\"index\":1,\"time\":2,\"process\":\"nemesis\",\"type\":\"info\",\"f\":\"kill\",\"value\":{\"node\":2}}\n\
    {\"index\":2,\"time\":3,\"process\":3,\"type\":\"ok\",\"f\":\"mkdir\",\"value\":{\"id\":2,\"rev\":5},\"revision\":5,\"node\":2}\n";

fn show(history: &History) -> String {
    let mut text = format!("{} {}\n", history.format.name(), history.faults.len());
    for operation in &history.operations {
        text.push_str(&format!(
            "{} {} {:?} {} {:?} {}..{:?} line {}\n",
            operation.process,
            operation.function,
            operation.key,
            operation.input,
            operation.outcome,
            operation.invoked,
            operation.completed,
            operation.line,
        ));
    }
    text
}

fn check(text: &str, expected: Expect) {
    match parse("history", text.as_bytes(), None) {
        Ok(history) => expected.assert_eq(&show(&history)),
        Err(error) => expected.assert_eq(&error.to_string()),
    }
}

#[test]
fn reads_jepsen_logs() {
    check(
        LOG,
        expect![[r#"
        jepsen-log 1
        0 read None null Ok(Null) 0..Some(3) line 1
        1 cas None [1,2] Fail(Array [Number(1), Number(2)]) 2..Some(4) line 4
        0 write None 3 Unknown 5..None line 7
    "#]],
    );
}

#[test]
fn reads_edn_vectors() {
    check(
        VECTOR,
        expect![[r#"
        edn 1
        0 write None 2 Ok(Number(2)) 0..Some(3) line 2
        1 cas None [1,2] Unknown 2..None line 4
    "#]],
    );
}

#[test]
fn reads_edn_lines() {
    check(
        LINES,
        expect![[r#"
        edn 0
        0 get Some(String("a")) null Ok(String("x 0 y")) 0..Some(1) line 1
    "#]],
    );
}

#[test]
fn reads_metad_histories() {
    check(
        METAD,
        expect![[r#"
        metad 1
        3 mkdir None {"ns":1,"path":"/a"} Ok(Object {"id": Number(2), "rev": Number(5)}) 0..Some(2) line 2
    "#]],
    );
}

#[test]
fn bad_input_names_the_line() {
    check("", expect!["history: line 1: the file is empty"]);
    check(
        "hello\n",
        expect![
            "history: line 1: unknown format: give --format metad, jepsen-log, edn or porcupine"
        ],
    );
    check(
        "{\"history\":\"metad/2\"}\n",
        expect![[r#"history: line 1: unknown version "metad/2", this tool reads "metad/1""#]],
    );
    check(
        &METAD[..METAD.len() - 20],
        expect!["history: line 4: not an event: the line is cut off"],
    );
    check(&METAD[..200], expect!["history: line 3: not an event: the line is cut off"]);
    check(
        &METAD.replace("\"ok\"", "\"fine\""),
        expect![[r#"history: line 4: unknown type "fine": expected invoke, ok, fail or info"#]],
    );
    check(
        &METAD.replace("invoke", "info"),
        expect!["history: line 4: process 3 ends a mkdir that it did not begin"],
    );
    check(
        &METAD.replace("kill\",\"value\":{\"node\":2}", "kill\",\"value\":{\"node\":2"),
        expect!["history: line 3: not an event: the line is cut off"],
    );
    check(&VECTOR[..VECTOR.len() - 30], expect!["history: line 6: a keyword without a name"]);
    check(
        &VECTOR.replace(":f :write", ":g :write"),
        expect!["history: line 2: the operation has no :f"],
    );
    check(
        "[{:process 0, :type :ok, :f :write, :value 2}]",
        expect!["history: line 1: process 0 ends a write that it did not begin"],
    );
    check(
        "INFO  jepsen.util - 0\t:invoke\t:read\n",
        expect!["history: line 1: the line is cut off: it has no value"],
    );
    check(
        "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.ut",
        expect![[
            r#"history: line 2: not a log line: expected "INFO  jepsen.util - PROCESS :TYPE :F VALUE""#
        ]],
    );
    check(
        "INFO  jepsen.util - 0\t:invoke\t:cas\t[1 \n",
        expect!["history: line 1: the text is cut off: ']' is missing for what line 1 opens"],
    );
    check(
        &"[".repeat(100_000),
        expect!["history: line 1: more than 128 collections inside one another"],
    );
    check(
        &"#_".repeat(100_000),
        expect!["history: line 1: too many discarded forms inside one another"],
    );
}

#[test]
fn text_that_is_no_text_is_an_error() {
    let error = parse("history", b"[{:process 0}\n\xff]", None).expect_err("not UTF-8");
    expect!["history: line 2: the text is not UTF-8"].assert_eq(&error.to_string());
}

#[test]
fn a_missing_end_leaves_the_outcome_unknown_in_other_formats_only() {
    let twice = "{:process 0, :type :invoke, :f :write, :value 1}\n\
        {:process 0, :type :invoke, :f :read, :value nil}\n";
    check(
        twice,
        expect![[r#"
        edn 0
        0 write None 1 Unknown 0..None line 1
        0 read None null Unknown 1..None line 2
    "#]],
    );
    check(
        &METAD.replace(
            "\"process\":\"nemesis\",\"type\":\"info\"",
            "\"process\":3,\"type\":\"invoke\"",
        ),
        expect!["history: line 3: process 3 invokes kill, but its mkdir of line 2 is still open"],
    );
}

/// Changes, removes and repeats pieces of a text.
fn mutate(text: &str, edits: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (place, kind, byte) in edits {
        if bytes.is_empty() {
            break;
        }
        let place = place % bytes.len();
        match kind % 5 {
            0 => bytes[place] = *byte,
            1 => bytes.truncate(place),
            2 => drop(bytes.remove(place)),
            3 => bytes.insert(place, *byte),
            _ => bytes.extend_from_within(place..),
        }
        bytes.truncate(1 << 16);
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_input_makes_a_reader_or_a_checker_panic(
        sample in 0usize..4,
        forced in proptest::option::of(0usize..3),
        edits in proptest::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..8),
    ) {
        let bytes = mutate([LOG, VECTOR, LINES, METAD][sample], &edits);
        let format = forced.map(|forced| [Format::Metad, Format::JepsenLog, Format::Edn][forced]);
        match parse("history", &bytes, format) {
            Ok(history) => {
                let _ = crate::check_history(&history, &crate::Options::default());
            }
            Err(error) => prop_assert!(error.to_string().starts_with("history: line "), "{error}"),
        }
    }
}

#[test]
fn a_history_that_says_where_it_ends_is_refused_without_its_end() {
    let text = METAD.replace("\"seed\":7", "\"seed\":7,\"ends\":true");
    let end = "{\"process\":\"nemesis\",\"type\":\"info\",\"f\":\"end\",\"value\":null}\n";
    let whole = parse("test", format!("{text}{end}").as_bytes(), None);
    assert_eq!(whole.expect("whole").operations.len(), 1);
    let cut = parse("test", text.as_bytes(), None).expect_err("cut short");
    assert!(cut.to_string().contains("line 4: the history is cut short"), "{cut}");
}

/// What a history says, but for where.
fn meaning(history: &History) -> String {
    let mut text = format!("{:?} {}\n", history.header, history.faults.len());
    for operation in &history.operations {
        let mut operation = operation.clone();
        operation.line = 0;
        text.push_str(&format!("{operation:?}\n"));
    }
    text
}

fn convert(history: &History, to: Format) -> History {
    let model = crate::model::Kind::infer(history).expect("known operations").name();
    let mut text = Vec::new();
    super::write(history, model, to, &mut text).expect("memory takes it");
    parse("converted", &text, None).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_written_reads_as_the_same() {
    let odd = METAD.replace(
        "\"/a\"}",
        "\"/a\\\"\\\\\\n\u{1f600}\",\"set\":{\"a b\":\"ff\"},\"n\":18446744073709551615}",
    );
    for text in [METAD, &odd] {
        let history = parse("history", text.as_bytes(), None).expect("it reads");
        let expected = meaning(&convert(&history, Format::Metad));
        assert_eq!(
            meaning(&history).replace("model: None", ""),
            expected.replace("model: Some(\"file-tree\")", "")
        );
        assert_eq!(meaning(&convert(&history, Format::Edn)), expected);
    }
}

#[test]
fn edn_is_written_as_jepsen_writes_it() {
    let history = parse("history", LOG.as_bytes(), None).expect("it reads");
    let mut text = Vec::new();
    super::write(&history, "register", Format::Edn, &mut text).expect("memory takes it");
    expect![[r#"
        {:process :nemesis, :type :info, :f :history, :value {:history "metad/1", :model "register"}}
        {:index 0, :process 0, :type :invoke, :f :read, :value nil}
        {:index 1, :process :nemesis, :type :info, :f :start, :value "\"Cut off [:n1]\""}
        {:index 2, :process 1, :type :invoke, :f :cas, :value [1 2]}
        {:index 3, :process 0, :type :ok, :f :read, :value nil}
        {:index 4, :process 1, :type :fail, :f :cas, :value [1 2], :error {:rejected "CONFLICT"}}
        {:index 5, :process 0, :type :invoke, :f :write, :value 3}
    "#]].assert_eq(&String::from_utf8_lossy(&text));
}

#[test]
fn porcupine_gets_events_that_all_return() {
    let history = parse("history", LOG.as_bytes(), None).expect("it reads");
    let mut text = Vec::new();
    super::write(&history, "register", Format::Porcupine, &mut text).expect("memory takes it");
    expect![[r#"
        {"ClientId":-1,"Kind":false,"Value":{"f":"history","value":{"history":"metad/1","model":"register"}},"Id":0}
        {"ClientId":-1,"Kind":true,"Value":{},"Id":0}
        {"ClientId":0,"Kind":false,"Value":{"f":"read","value":null},"Id":1}
        {"ClientId":1,"Kind":false,"Value":{"f":"cas","value":[1,2]},"Id":2}
        {"ClientId":0,"Kind":true,"Value":{"value":null},"Id":1}
        {"ClientId":1,"Kind":true,"Value":{"value":{"rejected":"CONFLICT"}},"Id":2}
        {"ClientId":0,"Kind":false,"Value":{"f":"write","value":3},"Id":3}
        {"ClientId":0,"Kind":true,"Value":{"unknown":true},"Id":3}
    "#]].assert_eq(&String::from_utf8_lossy(&text));
}

#[test]
fn compressed_histories_read_as_plain_ones() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("history.jsonl.zst");
    let mut out = metad_workload::record::create(&path).expect("a file");
    std::io::Write::write_all(&mut out, METAD.as_bytes()).expect("it is written");
    drop(out);
    let compressed = std::fs::read(&path).expect("it was written");
    assert_eq!(compressed[..4], [0x28, 0xb5, 0x2f, 0xfd]);
    let plain = parse("history", METAD.as_bytes(), None).expect("it reads");
    let read = super::read_file(&path, None).expect("it reads");
    assert_eq!(meaning(&read), meaning(&plain));

    std::fs::write(&path, &compressed[..compressed.len() - 6]).expect("it is cut");
    let cut = super::read_file(&path, None).expect_err("cut off").to_string();
    assert!(cut.ends_with("cannot read on: the compressed data is cut off"), "{cut}");
}

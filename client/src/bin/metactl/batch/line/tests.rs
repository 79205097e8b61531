//! Each step as it is written, and what is no step.

use metad_client::{
    steps::{at, by_id, under},
    v1::{CommitFile, Content, Quota, commit_file::*, step::Op},
};

use super::*;

const HASH: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

fn whole(line: &str) -> Step {
    match parse(line) {
        Ok(Draft::Whole(step)) => step,
        other => panic!("{line}: {other:?}"),
    }
}

fn commit(options: &str) -> CommitFile {
    match whole(&format!("put /f 5 {HASH} {options}")).op {
        Some(Op::CommitFile(commit)) => commit,
        other => panic!("{options}: {other:?}"),
    }
}

#[test]
fn steps_are_read() {
    let (a, b) = (|| Some(at("/a")), || Some(at("/b/a")));
    assert_eq!(whole("mkdir /a"), steps::mkdir(at("/a")));
    assert_eq!(whole("mkdir -p '#17/a b'"), steps::mkdir_all(under(17, "a b")));
    let moved = v1::Move { from: a(), to: b(), replace: true, rev: 7 };
    assert_eq!(whole("mv -f /a /b/ rev=7"), steps::move_with(moved));
    assert_eq!(whole("mv #17 /a"), steps::rename(by_id(17), at("/a")));
    let copied = v1::Copy { from: a(), to: b(), at_revision: 7 };
    assert_eq!(whole("cp /a /b/a at=7"), steps::copy_with(copied));
    assert_eq!(whole("ln ../x /l/"), steps::symlink(at("/l/x"), "../x"));
    let deleted = v1::Delete { target: a(), recursive: true, rev: 7 };
    assert_eq!(whole("rm -r /a rev=7"), steps::delete_with(deleted));
    assert_eq!(whole("restore /a 7"), steps::restore(at("/a"), 7));
    assert_eq!(whole("unmount #17"), steps::unmount(by_id(17)));
    let (target, namespace) = (at("/m"), "two words".to_owned());
    assert_eq!(parse("mount /m 'two words'"), Ok(Draft::Mount { target, namespace }));
}

#[test]
fn attributes_and_quotas_are_read() {
    let attributes = v1::SetAttributes {
        target: Some(at("/a")),
        set: [("rev".to_owned(), b"1 2".to_vec().into())].into(),
        remove: vec!["x".to_owned(), "y".to_owned()],
        rev: 7,
    };
    let set = steps::set_attributes(attributes.clone());
    assert_eq!(whole("attr -d x -r 7 -d y /a 'rev=1 2'"), set);
    assert_eq!(whole("attr -x -d x -r 7 -d y /a rev=312032"), set);
    let quota = Quota { nodes: Some(5), bytes: None };
    assert_eq!(whole("quota /a nodes=5 bytes=none"), steps::set_quota(at("/a"), quota));
    let bounds = Bounds { nodes: None, bytes: Some(Bound(Some(9))) };
    assert_eq!(parse("quota /a bytes=9"), Ok(Draft::Quota { target: at("/a"), bounds }));
}

#[test]
fn files_are_read() {
    let hash = write::from_hex(HASH).expect("it is hexadecimal");
    let content = Content { size: 5, hash: hash.clone().into(), ..Content::default() };
    let plain = CommitFile {
        target: Some(at("/f")),
        content: Some(content),
        mode: Some(Mode::Overwrite(Overwrite {})),
        autorename: false,
        client: String::new(),
    };
    assert_eq!(commit(""), plain);
    assert_eq!(commit("overwrite"), plain);
    assert_eq!(commit("create").mode, Some(Mode::Create(Create {})));
    assert_eq!(commit("update=7").mode, Some(Mode::Update(Update { rev: 7 })));
    assert!(commit("autorename").autorename);
    assert_eq!(commit("autorename='Ann B'").client, "Ann B");
    let options = format!("type=text/plain mtime=-7 blocks={HASH},{HASH} manifest=s3://a=b");
    let full = commit(&options).content.expect("there is content");
    assert_eq!((full.media_type.as_str(), full.mtime_ms), ("text/plain", -7));
    assert_eq!((full.blocks.len(), full.manifest.as_str()), (2, "s3://a=b"));
    assert_eq!(&full.blocks[1][..], hash);
}

#[test]
fn conditions_are_read() {
    let check = |line: &str, condition| {
        assert_eq!(whole(line), steps::check(at("/a"), condition), "{line}");
    };
    check("check /a exists", Condition::Exists(v1::check::Exists {}));
    check("check /a absent", Condition::Absent(v1::check::Absent {}));
    check("check /a rev=7", Condition::Rev(7));
    check("check /a kind=mount", Condition::Kind(Kind::Mount.into()));
    check("check /a unchanged=7", Condition::UnchangedSince(7));
}

#[test]
fn what_is_no_step_is_told() {
    let hash = HASH;
    let wrong = [
        ("mkdri /a", "no step is called \"mkdri\""),
        ("mkdir", "expected PATH at the end"),
        ("mkdir /a /b", "unexpected \"/b\""),
        ("mkdir -r /a", "no option \"-r\" here"),
        ("mkdir #a", "PATH \"#a\": after # comes a node's id"),
        ("mkdir '/a", "a quote is not closed"),
        ("rm /a rev=x", "rev is a number, not \"x\""),
        ("rm /a at=7", "unexpected \"at=7\""),
        ("mv #17 /a/", "#17 does not say under which name"),
        ("mv /a", "expected TO at the end"),
        ("attr /a", "expected NAME=VALUE at the end"),
        ("attr /a b", "\"b\" is not NAME=VALUE"),
        ("attr -x /a b=xyz", "\"xyz\" is not hexadecimal"),
        ("quota /a", "expected nodes=N, bytes=N or both"),
        ("quota /a nodes=few", "nodes: expected a number, or none"),
        ("restore /a then", "REVISION is a number, not \"then\""),
        ("check /a", "expected one of exists"),
        ("check /a exists rev=7", "expected one of exists"),
        ("check /a exists=7", "exists has no value"),
        ("check /a kind=pipe", "kind is directory, file"),
        ("put /a 5", "expected HASH at the end"),
        ("put /a 5 abc", "a hash has 64 hexadecimal digits, not \"abc\""),
        (&format!("put /a/ 5 {hash}"), "expected the path of the file"),
        (&format!("put /a 5 {hash} create update=7"), "only one of create"),
        (&format!("put /a 5 {hash} mtime=now"), "mtime is milliseconds"),
    ];
    for (line, why) in wrong {
        let told = parse(line).expect_err(line);
        assert!(told.starts_with(why), "{line}: {told}");
    }
}

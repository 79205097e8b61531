//! What is too deep is out of reach of steps, and of reads by its id.

use super::judge;

const TOO_DEEP: &str = r#"{"rejected":"LIMIT_EXCEEDED","limit":"depth"}"#;

/// Two chains, the top of one moved into the lowest directory of the other, and what is
/// answered then.
fn told(call: &str, answer: &str) -> String {
    let (upper, lower) = ("/a".repeat(255), "/b".repeat(256));
    let script = format!(
        r#"mkdir {{"path":"{upper}","parents":true}} → {{"id":256,"rev":2}} @2
        mkdir {{"path":"{lower}","parents":true}} → {{"id":512,"rev":3}} @3
        move {{"from":"/b","to":"{upper}/b"}} → {{"id":257,"rev":4}} @4
        {call} → {answer}"#
    );
    judge(&script).pop().expect("one for each line")
}

#[test]
fn what_is_too_deep_is_refused() {
    let done = r#"{"id":600,"rev":5} @5"#;
    let refused = format!("{TOO_DEEP} @4");
    for call in [
        r#"mkdir {"id":512,"path":"/x"}"#,
        r#"mkdir {"id":512,"path":"","parents":true}"#,
        r#"delete {"id":512,"path":""}"#,
        r#"set_attributes {"id":512,"path":"","set":{"a":"0A"}}"#,
        r#"move {"from_id":512,"from":"","to":"/c"}"#,
        r#"check {"id":512,"path":"","condition":{"absent":true}}"#,
        // One level more than there may be.
        r#"mkdir {"id":257,"path":"/x"}"#,
    ] {
        assert_eq!(told(call, &refused), "fits", "{call}");
        assert_ne!(told(call, done), "changes", "{call}");
    }
    assert_eq!(told(r#"stat {"id":512,"path":""}"#, &refused), "fits");
    assert_ne!(told(r#"stat {"id":512,"path":""}"#, r#"{"id":512} @4"#), "fits");
}

#[test]
fn what_is_not_too_deep_is_not_refused() {
    let refused = format!("{TOO_DEEP} @4");
    for (call, done) in [
        (r#"set_attributes {"id":257,"path":"","set":{"a":"0A"}}"#, r#"{"id":257,"rev":5} @5"#),
        (r#"move {"from_id":257,"from":"","to":"/c"}"#, r#"{"id":257,"rev":5} @5"#),
        (r#"delete {"path":"/a","recursive":true}"#, r#"{"rev":2} @5"#),
    ] {
        assert_eq!(told(call, done), "changes", "{call}");
        assert_ne!(told(call, &refused), "fits", "{call}");
    }
    // A path leads on from what is not too deep, for who only reads.
    let below = r#"stat {"id":257,"path":"/b/b"}"#;
    assert_eq!(told(below, r#"{"kind":"directory"} @4"#), "fits");
}

//! Values as users write them.

use std::time::Duration;

use metad_client::{
    Level,
    errors::Reason,
    v1::{Cursor, Quota},
};

use crate::path::NodePath;

/// A lock that writes depend on: on a path of the namespace, by the name that it has there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    pub path: NodePath,
    pub name: String,
    pub token: u64,
}

/// What bounds nodes or bytes: a number, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound(pub Option<u64>);

/// Bounds to change; those that are not said stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub nodes: Option<Bound>,
    pub bytes: Option<Bound>,
}

impl Bounds {
    /// The whole quota, if it does not depend on the one before.
    pub fn whole(self) -> Option<Quota> {
        Some(Quota { nodes: self.nodes?.0, bytes: self.bytes?.0 })
    }

    /// The whole quota, after this one.
    pub fn after(self, before: Option<Quota>) -> Quota {
        let before = before.unwrap_or_default();
        let value = |bound: Option<Bound>, before| bound.map_or(before, |bound| bound.0);
        Quota { nodes: value(self.nodes, before.nodes), bytes: value(self.bytes, before.bytes) }
    }
}

/// A number, or `none`.
pub fn bound(text: &str) -> Result<Bound, String> {
    match text {
        "none" => Ok(Bound(None)),
        number => number
            .parse()
            .map(|number| Bound(Some(number)))
            .map_err(|_| "expected a number, or none for no bound".to_owned()),
    }
}

/// A duration that is not nothing; a number alone is one of seconds.
pub fn positive(text: &str) -> Result<Duration, String> {
    let parsed = match text.parse() {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text),
    };
    match parsed {
        Ok(duration) if duration.is_zero() => Err("expected more than nothing".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error}, such as 10s or 500ms")),
    }
}

/// An error reason, in capitals or not.
pub fn reason(text: &str) -> Result<Reason, String> {
    let known = || Reason::ALL.iter().map(Reason::to_string).collect::<Vec<_>>().join(" ");
    text.to_uppercase().parse().map_err(|_| format!("expected one of {}", known()))
}

/// A cursor as watch prints it.
pub fn cursor(text: &str) -> Result<Cursor, String> {
    let parsed = text
        .split_once('.')
        .and_then(|(revision, ordinal)| Some((revision.parse().ok()?, ordinal.parse().ok()?)))
        .map(|(revision, ordinal)| Cursor { revision, ordinal });
    parsed.ok_or_else(|| "expected REVISION.ORDINAL, such as 17.0".to_owned())
}

/// What reads must reflect.
pub fn level(text: &str) -> Result<Level, String> {
    match text {
        "linearizable" => Ok(Level::Linearizable),
        "lease" => Ok(Level::Lease),
        "any" => Ok(Level::Any),
        revision => revision
            .parse()
            .map(Level::AtLeast)
            .map_err(|_| "expected linearizable, lease, any or a revision".to_owned()),
    }
}

/// A lock and its token.
pub fn fence(text: &str) -> Result<Fence, String> {
    let parsed = text.rsplit_once('=').and_then(|(path, held)| {
        let (name, token) = held.rsplit_once(':').unwrap_or(("", held));
        let (path, name) = (path.parse().ok()?, name.to_owned());
        Some(Fence { path, name, token: token.parse().ok()? })
    });
    parsed.ok_or_else(|| {
        "expected PATH=TOKEN or PATH=NAME:TOKEN, such as /build=17 or #9=17".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        assert_eq!(cursor("17.2"), Ok(Cursor { revision: 17, ordinal: 2 }));
        assert!(cursor("17").is_err());
        assert_eq!(positive("90"), Ok(Duration::from_secs(90)));
        assert_eq!(positive("1m 5s"), Ok(Duration::from_secs(65)));
        assert!(positive("0").is_err() && positive("soon").is_err());
        assert_eq!(level("any"), Ok(Level::Any));
        assert_eq!(level("17"), Ok(Level::AtLeast(17)));
        assert!(level("some").is_err());
        let held = |path: &str, name: &str| {
            Ok(Fence { path: path.parse().expect("a path"), name: name.to_owned(), token: 7 })
        };
        assert_eq!(fence("/a=b=7"), held("/a=b", ""));
        assert_eq!(fence("/a=x:y:7"), held("/a", "x:y"));
        assert_eq!(fence("#9=7"), held("#9", ""));
        assert!(fence("=7").is_err() && fence("/a=x").is_err() && fence("7").is_err());
    }
    #[test]
    fn bounds_that_are_not_said_stay() {
        let before = Some(Quota { nodes: Some(5), bytes: Some(7) });
        let bounds = |nodes: Option<&str>, bytes: Option<&str>| Bounds {
            nodes: nodes.map(|text| bound(text).expect("a bound")),
            bytes: bytes.map(|text| bound(text).expect("a bound")),
        };
        let some = bounds(Some("6"), None);
        assert_eq!(some.after(before), Quota { nodes: Some(6), bytes: Some(7) });
        assert_eq!(some.after(None), Quota { nodes: Some(6), bytes: None });
        let none = bounds(None, Some("none"));
        assert_eq!(none.after(before), Quota { nodes: Some(5), bytes: None });
        assert_eq!((some.whole(), none.whole()), (None, None));
        let whole = bounds(Some("6"), Some("none")).whole();
        assert_eq!(whole, Some(Quota { nodes: Some(6), bytes: None }));
        assert!(bound("-1").is_err() && bound("").is_err());
    }
}

//! Values as users write them.

use std::time::Duration;

use metad_client::{Level, errors::Reason};

/// A lock that writes depend on: on a path of the namespace, by the name that it has there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    pub path: String,
    pub name: String,
    pub token: u64,
}

/// A duration that is not nothing.
pub fn positive(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
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
pub fn cursor(text: &str) -> Result<(u64, u32), String> {
    let parsed = text
        .split_once('.')
        .and_then(|(revision, ordinal)| Some((revision.parse().ok()?, ordinal.parse().ok()?)));
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
        let (path, name) = (path.to_owned(), name.to_owned());
        Some(Fence { path, name, token: token.parse().ok()? })
            .filter(|fence| !fence.path.is_empty())
    });
    parsed.ok_or_else(|| "expected PATH=TOKEN or PATH=NAME:TOKEN, such as /build=17".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        assert_eq!(cursor("17.2"), Ok((17, 2)));
        assert!(cursor("17").is_err());
        assert_eq!(level("any"), Ok(Level::Any));
        assert_eq!(level("17"), Ok(Level::AtLeast(17)));
        assert!(level("some").is_err());
        let held = |path: &str, name: &str| {
            Ok(Fence { path: path.to_owned(), name: name.to_owned(), token: 7 })
        };
        assert_eq!(fence("/a=b=7"), held("/a=b", ""));
        assert_eq!(fence("/a=x:y:7"), held("/a", "x:y"));
        assert!(fence("=7").is_err() && fence("/a=x").is_err() && fence("7").is_err());
    }
}

//! The name of a conflicted copy: `report (Ann's conflicted copy 2026-11-22).txt`, with a
//! number when that is taken. The extension stays last, so that the copy opens as the
//! original does.

use jiff::{Timestamp, tz::TimeZone};
use metad_proto::limits::NAME_BYTES_MAX;

use crate::types::Name;

/// The name of the `number`th copy, from 1.
pub(super) fn name(original: &Name, client: &str, time_ms: u64, number: u64) -> Name {
    let date = date(time_ms);
    let count = if number > 1 { format!(" {number}") } else { String::new() };
    let mark = format!(" ({client}'s conflicted copy {date}{count})");
    let (stem, extension) = split(original.as_str());
    let room = NAME_BYTES_MAX.saturating_sub(mark.len() + extension.len());
    let end = (0..=room.min(stem.len())).rev().find(|end| stem.is_char_boundary(*end));
    let stem = &stem[..end.unwrap_or(0)];
    Name::new(&format!("{stem}{mark}{extension}")).expect("made of parts of names, and short")
}

/// In universal time: all replicas must agree.
fn date(time_ms: u64) -> String {
    let time = i64::try_from(time_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let time = time.unwrap_or(Timestamp::MAX);
    time.to_zoned(TimeZone::UTC).date().to_string()
}

/// A name and its extension, dot included. A name that begins with a dot is no extension,
/// and a very long one is not either.
fn split(name: &str) -> (&str, &str) {
    const EXTENSION_BYTES_MAX: usize = 16;
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= EXTENSION_BYTES_MAX => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(original: &str, number: u64, expected: &str) {
        let original = Name::new(original).expect("a name");
        let copy = name(&original, "Ann", 1_795_341_600_000, number);
        assert_eq!(copy.as_str(), expected);
    }

    #[test]
    fn names() {
        check("report.txt", 1, "report (Ann's conflicted copy 2026-11-22).txt");
        check("report.txt", 2, "report (Ann's conflicted copy 2026-11-22 2).txt");
        check(".profile", 1, ".profile (Ann's conflicted copy 2026-11-22)");
        let long = "ü".repeat(127);
        let kept = "ü".repeat(110);
        check(&long, 1, &format!("{kept} (Ann's conflicted copy 2026-11-22)"));
    }
}

//! The names of conflicted copies: `STEM (CLIENT's conflicted copy DATE N)EXTENSION`.

use super::operation::Name;
use super::path::NAME_BYTES_MAX;

/// What stands between the client and the date.
const WORDS: &str = "'s conflicted copy ";
/// Bytes of an extension with its dot; what is longer belongs to the stem.
const EXTENSION_BYTES_MAX: usize = 16;
const DATE_BYTES: usize = 10;

/// A file that could not be committed under its name, and who tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conflicted<'a> {
    stem: &'a str,
    extension: &'a str,
    client: &'a str,
}

impl<'a> Conflicted<'a> {
    pub(super) fn new(name: &'a str, client: &'a str) -> Conflicted<'a> {
        let dot = name.rfind('.').filter(|dot| *dot > 0);
        let dot = dot.filter(|dot| name.len() - dot <= EXTENSION_BYTES_MAX);
        let (stem, extension) = name.split_at(dot.unwrap_or(name.len()));
        Conflicted { stem, extension, client }
    }

    /// The copy's name on that date; the first one has no number. A long stem is cut, between
    /// two characters, so that the name is not too long.
    pub(super) fn name(&self, date: &str, number: u64) -> Name {
        let Conflicted { stem, extension, client } = self;
        let number = if number > 1 { format!(" {number}") } else { String::new() };
        let end = format!(" ({client}{WORDS}{date}{number}){extension}");
        let room = NAME_BYTES_MAX.saturating_sub(end.len());
        let stem = &stem[..stem.floor_char_boundary(room)];
        Name::from(format!("{stem}{end}"))
    }

    /// The date in a name, if it may be one of this file's copies.
    pub(super) fn date_in<'n>(&self, name: &'n str) -> Option<&'n str> {
        let middle = name.strip_suffix(self.extension)?;
        let words = format!(" ({}{WORDS}", self.client);
        let rest = &middle[middle.rfind(&words)? + words.len()..];
        rest.get(..DATE_BYTES).filter(|date| is_date(date))
    }
}

/// The dates in a text that has names of conflicted copies in it.
pub(super) fn dates_in(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split(WORDS).skip(1);
    after.filter_map(|rest| rest.get(..DATE_BYTES)).filter(|date| is_date(date))
}

/// Whether it is written as YYYY-MM-DD and there is such a day, leap years aside.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok())?
    };
    let (year, month, day) = (part(4), part(2), part(2));
    let days = match month {
        Some(2) => 29,
        Some(4 | 6 | 9 | 11) => 30,
        Some(1..=12) => 31,
        _ => return false,
    };
    year.is_some() && day.is_some_and(|day| (1..=days).contains(&day)) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(of: &str, number: u64) -> String {
        Conflicted::new(of, "ann").name("2026-03-01", number).to_string()
    }

    #[test]
    fn the_extension_stays_at_the_end() {
        assert_eq!(name("a.txt", 1), "a (ann's conflicted copy 2026-03-01).txt");
        assert_eq!(name("a.tar.gz", 2), "a.tar (ann's conflicted copy 2026-03-01 2).gz");
        assert_eq!(name(".bashrc", 1), ".bashrc (ann's conflicted copy 2026-03-01)");
        assert_eq!(name("a.", 1), "a (ann's conflicted copy 2026-03-01).");
        assert_eq!(
            name("a.123456789012345", 1),
            "a (ann's conflicted copy 2026-03-01).123456789012345"
        );
        assert_eq!(
            name("a.1234567890123456", 1),
            "a.1234567890123456 (ann's conflicted copy 2026-03-01)"
        );
    }

    #[test]
    fn a_long_stem_is_cut_between_characters() {
        for (stem, lengths) in
            [("x".repeat(250), [255, 255]), (format!("a{}", "é".repeat(124)), [254, 254])]
        {
            let file = format!("{stem}.txt");
            let copies = [name(&file, 1), name(&file, 2)];
            assert_eq!(copies.each_ref().map(String::len), lengths);
            assert!(copies[1].ends_with(" (ann's conflicted copy 2026-03-01 2).txt"));
            let found = Conflicted::new(&file, "ann").date_in(&copies[1]).map(str::to_string);
            assert_eq!(found.as_deref(), Some("2026-03-01"));
        }
    }

    #[test]
    fn dates_are_found_again() {
        let file = Conflicted::new("a.txt", "ann");
        for number in [1, 2, 17] {
            assert_eq!(file.date_in(&file.name("2026-03-01", number)), Some("2026-03-01"));
        }
        for date in ["2026-13-01", "2026-02-30", "2026-3-001", "+026-03-01", "2026-03-00"] {
            assert_eq!(file.date_in(&file.name(date, 1)), None, "{date}");
        }
        assert_eq!(file.date_in("a (ann's conflicted copy 2026-03-01).md"), None);
        assert_eq!(file.date_in("a (bob's conflicted copy 2026-03-01).txt"), None);
        let text = "/x (ann's conflicted copy 2026-03-01)/y (bob's conflicted copy 2026-03-02 2).z";
        assert_eq!(dates_in(text).collect::<Vec<_>>(), ["2026-03-01", "2026-03-02"]);
    }
}

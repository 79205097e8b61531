//! Name policies: which names of one directory are the same.

use std::borrow::Cow;

use icu_casemap::CaseMapperBorrowed;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use metad_proto::planted;

use super::Name;

/// See the module. Fixed when a namespace is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The same bytes.
    #[default]
    Exact,
    /// The same after full case folding, whatever the form of composed characters.
    Casefold,
}

impl Policy {
    /// What two names have in common if they are the same.
    pub fn key(self, name: &Name) -> Cow<'_, str> {
        match self {
            Policy::Exact => Cow::Borrowed(name.as_str()),
            Policy::Casefold => fold(name.as_str()),
        }
    }

    /// The name as it is stored under this policy: with its spelling.
    pub fn name(self, name: &Name) -> Name {
        name.with_key(&self.key(name))
    }
}

/// NFC(toCasefold(NFD(text))): full folding, and the canonical caseless matching of the
/// Unicode Standard, section 3.13, D145, brought to the shorter form.
fn fold(text: &str) -> Cow<'_, str> {
    // Small letters, digits and the like stay as they are, in every version of the tables.
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    if planted!(CasefoldAsciiOnly) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    let folded = CaseMapperBorrowed::new().fold_string(&decomposed);
    Cow::Owned(ComposingNormalizerBorrowed::new_nfc().normalize(&folded).into_owned())
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    #[test]
    fn names_that_differ_in_case_or_form_are_the_same() {
        let same = |one: &str, other: &str| fold(one) == fold(other);
        assert!(same("Report.TXT", "report.txt"));
        assert!(same("Stra\u{df}e", "STRASSE"));
        assert!(same("caf\u{e9}", "CAFE\u{301}"));
        assert!(same("\u{3a3}\u{391}\u{3a3}", "\u{3c3}\u{3b1}\u{3c2}"));
        assert!(same("\u{212b}", "\u{e5}"), "the angstrom sign is a letter");
        // The mark that makes the difference comes from folding alone.
        assert!(same("\u{345}\u{313}", "\u{313}\u{345}"));
        assert!(!same("a", "\u{430}"), "Latin and Cyrillic only look alike");
        assert!(!same("i", "\u{131}"), "not the Turkish folding");
        assert!(!same("\u{fb01}", "\u{fb02}"));
    }

    #[test]
    fn folding_is_settled_after_once() {
        for c in (0..=0x10ffffu32).filter_map(char::from_u32) {
            let text = c.to_string();
            let once = fold(&text);
            assert_eq!(fold(&once), once, "{c:?}");
        }
    }

    /// Stored keys were made with these tables. Others need a new code for the policy in
    /// [`crate::records::namespace`], and this build has to know both.
    #[test]
    fn the_tables_are_those_of_the_format() {
        let mut all = String::new();
        for c in (0..=0x10ffffu32).filter_map(char::from_u32) {
            all.push_str(&fold(&c.to_string()));
            all.push('\n');
        }
        assert_eq!(
            xxh3_64(all.as_bytes()),
            7_447_644_341_668_508_399,
            "the folding tables have changed"
        );
    }
}

//! Which names are the same, under each policy that a namespace may have.
//!
//! Written from Unicode's definitions with crates that the server does not use.

use caseless::Caseless;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

/// What decides whether two names of a directory collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The bytes.
    #[default]
    Exact,
    /// Full case folding and NFC.
    Casefold,
}

impl Policy {
    /// The name that histories have for it.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Exact => "exact",
            Policy::Casefold => "casefold",
        }
    }

    /// The policy of that name.
    pub fn parse(name: &str) -> Option<Policy> {
        [Policy::Exact, Policy::Casefold].into_iter().find(|policy| policy.name() == name)
    }

    /// What is the same for names that collide, and orders listings.
    pub(crate) fn key(self, name: &str) -> String {
        match self {
            Policy::Exact => name.to_string(),
            Policy::Casefold => name.nfd().default_case_fold().nfc().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_collide() {
        let key = |name| Policy::Casefold.key(name);
        assert_eq!(key("README"), key("readme"));
        assert_eq!(key("Straße"), key("STRASSE"));
        assert_eq!(key("e\u{301}t\u{e9}"), key("\u{c9}TE\u{301}"));
        assert_eq!(key("ΣΊΣΥΦΟΣ"), key("σίσυφος"));
        assert_ne!(key("a"), key("ａ"));
        assert_ne!(Policy::Exact.key("a"), Policy::Exact.key("A"));
    }
}

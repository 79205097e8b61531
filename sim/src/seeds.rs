//! Ranges of seeds as they are given on the command line.

use std::{fmt, ops::Range, str::FromStr};

/// Seeds `start..end`, the end not included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(pub Range<u64>);

impl Seeds {
    /// How many.
    pub fn count(&self) -> u64 {
        self.0.end - self.0.start
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.0.start, self.0.end)
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("{text:?} is not a range of seeds: expected A..B or A..=B");
        let number = |text: &str| text.parse::<u64>().map_err(|_| invalid());
        let (start, end) = text.split_once("..").ok_or_else(invalid)?;
        let start = number(start)?;
        let end = match end.strip_prefix('=') {
            Some(last) => number(last)?.checked_add(1).ok_or_else(invalid)?,
            None => number(end)?,
        };
        if start >= end {
            return Err(format!("{text:?} holds no seed: the first must be below the end"));
        }
        Ok(Seeds(start..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!("0..200".parse(), Ok(Seeds(0..200)));
        assert_eq!("1..=50".parse(), Ok(Seeds(1..51)));
        for bad in ["", "7", "3..3", "5..=4", "a..b", "0..", "..4"] {
            assert!(bad.parse::<Seeds>().is_err(), "{bad:?}");
        }
    }
}

//! The words of a line, taken one after another.

use std::collections::{BTreeMap, VecDeque};

use crate::path::NodePath;

/// Stands for `#` while a line is split: in a shell, a word that begins with one is a comment,
/// but here it is an id. No path and no attribute that is written as text has a NUL.
const HASH: &str = "\0";

/// What is left of a line.
pub struct Words(VecDeque<String>);

impl Words {
    /// Splits a line as a shell would, but for comments.
    pub fn of(line: &str) -> Result<Words, String> {
        if line.contains(HASH) {
            return Err("a NUL cannot be written in a batch".to_owned());
        }
        let words = shlex::split(&line.replace('#', HASH))
            .ok_or("a quote is not closed, or nothing follows a backslash")?;
        Ok(Words(words.into_iter().map(|word| word.replace(HASH, "#")).collect()))
    }

    /// Is this the next word? Then takes it.
    pub fn flag(&mut self, flag: &str) -> bool {
        let is_next = self.0.front().is_some_and(|word| word == flag);
        if is_next {
            self.0.pop_front();
        }
        is_next
    }

    pub fn word(&mut self, what: &str) -> Result<String, String> {
        self.0.pop_front().ok_or_else(|| format!("expected {what} at the end"))
    }

    pub fn path(&mut self, what: &str) -> Result<NodePath, String> {
        let word = self.word(what)?;
        if word.starts_with('-') {
            return Err(format!(
                "no option {word:?} here; a name that begins with - is written /-name"
            ));
        }
        word.parse().map_err(|why| format!("{what} {word:?}: {why}"))
    }

    pub fn number(&mut self, what: &str) -> Result<u64, String> {
        number(what, &self.word(what)?)
    }

    /// All that is left.
    pub fn rest(self) -> Vec<String> {
        self.0.into()
    }

    /// All that is left, each of it NAME or NAME=VALUE.
    pub fn options(self) -> Result<Options, String> {
        let mut options = BTreeMap::new();
        for word in self.0 {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word, None),
            };
            if options.contains_key(&name) {
                return Err(format!("{name} is given twice"));
            }
            options.insert(name, value);
        }
        Ok(Options(options))
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<(), String> {
        self.options()?.end()
    }
}

/// What comes after the words of a step that have their places.
pub struct Options(BTreeMap<String, Option<String>>);

impl Options {
    /// `name` alone.
    pub fn alone(&mut self, name: &str) -> Result<bool, String> {
        match self.0.remove(name) {
            None => Ok(false),
            Some(None) => Ok(true),
            Some(Some(_)) => Err(format!("{name} has no value")),
        }
    }

    /// `name=VALUE`.
    pub fn value(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value)),
            Some(None) => Err(format!("expected {name}=VALUE")),
        }
    }

    /// `name` alone or `name=VALUE`.
    pub fn any(&mut self, name: &str) -> Option<Option<String>> {
        self.0.remove(name)
    }

    /// `name=N`.
    pub fn number(&mut self, name: &str) -> Result<Option<u64>, String> {
        self.value(name)?.map(|value| number(name, &value)).transpose()
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<(), String> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, None)) => Err(format!("unexpected {name:?}")),
            Some((name, Some(value))) => Err(format!("unexpected {:?}", format!("{name}={value}"))),
        }
    }
}

fn number(what: &str, text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{what} is a number, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_in_a_shell() {
        let words = |line: &str| Words::of(line).map(Words::rest);
        assert_eq!(words(r#"a 'b c' "d \"e" f\ g"#).unwrap(), ["a", "b c", "d \"e", "f g"]);
        assert_eq!(
            words("rm #17 '#18/a b' /c#d \\#").unwrap(),
            ["rm", "#17", "#18/a b", "/c#d", "#"]
        );
        assert!(words("mkdir '/a").is_err() && words("mkdir /a\0").is_err());
    }

    #[test]
    fn options_are_taken_once() {
        let options = |line: &str| Words::of(line).and_then(Words::options);
        let mut some = options("rev=7 create type=a=b").unwrap();
        assert_eq!(some.number("rev"), Ok(Some(7)));
        assert_eq!(some.alone("create"), Ok(true));
        assert_eq!(some.value("type"), Ok(Some("a=b".to_owned())));
        assert_eq!(some.end(), Ok(()));
        assert!(options("rev=7 rev=8").is_err());
        assert!(options("rev=a").unwrap().number("rev").is_err());
        assert!(options("rev").unwrap().number("rev").is_err());
        assert_eq!(options("at=7").unwrap().end(), Err("unexpected \"at=7\"".to_owned()));
    }
}

//! A small EDN reader: all of the notation that histories use, with line numbers.
//!
//! Recursion is bounded by [`DEPTH_MAX`], so that no input overflows the stack.

use super::super::LineError;
use super::value::Edn;

/// Collections and tags inside one another. Deeper input is refused.
const DEPTH_MAX: u32 = 128;

/// Reads the forms of a text one by one.
pub(crate) struct Parser<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
}

/// Reads the single form of a text; none if there is nothing in it.
pub(crate) fn parse_one(text: &str) -> Result<Option<Edn>, LineError> {
    let mut parser = Parser::new(text);
    let Some((_, form)) = parser.next_form()? else { return Ok(None) };
    match parser.next_form()? {
        None => Ok(Some(form)),
        Some((line, _)) => Err(LineError::new(line, format!("more than one value in {text:?}"))),
    }
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Parser<'a> {
        Parser { text, offset: 0, line: 1 }
    }

    /// The next form at the top level with its line; none at the end of the text.
    pub(crate) fn next_form(&mut self) -> Result<Option<(u32, Edn)>, LineError> {
        self.skip_blank(0)?;
        if self.peek().is_none() {
            return Ok(None);
        }
        let line = self.line;
        Ok(Some((line, self.form(0)?)))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.offset..].chars().next()
    }

    fn advance(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.offset += next.len_utf8();
        if next == '\n' {
            self.line += 1;
        }
        Some(next)
    }

    fn error(&self, reason: impl Into<String>) -> LineError {
        LineError::new(self.line, reason)
    }

    /// Skips white space, commas, comments and `#_` with the form it discards.
    fn skip_blank(&mut self, depth: u32) -> Result<(), LineError> {
        loop {
            match self.peek() {
                Some(next) if next.is_whitespace() || next == ',' => {
                    self.advance();
                }
                Some(';') => {
                    while self.peek().is_some_and(|next| next != '\n') {
                        self.advance();
                    }
                }
                Some('#') if self.text[self.offset..].starts_with("#_") => {
                    if depth > DEPTH_MAX {
                        return Err(self.error("too many discarded forms inside one another"));
                    }
                    self.offset += 2;
                    self.skip_blank(depth + 1)?;
                    self.form(depth + 1)?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn form(&mut self, depth: u32) -> Result<Edn, LineError> {
        if depth > DEPTH_MAX {
            return Err(self.error(format!("more than {DEPTH_MAX} collections inside one another")));
        }
        match self.peek() {
            None => Err(self.error("the text ends where a value should be")),
            Some('[') => self.sequence(']', depth),
            Some('(') => self.sequence(')', depth),
            Some('{') => self.map(depth),
            Some('"') => self.text_form(),
            Some('\\') => self.character(),
            Some('#') => self.dispatch(depth),
            Some(next @ (']' | ')' | '}')) => Err(self.error(format!("unexpected {next:?}"))),
            Some(':') => {
                self.advance();
                let name = self.token();
                if name.is_empty() {
                    return Err(self.error("a keyword without a name"));
                }
                Ok(Edn::Keyword(name.to_string()))
            }
            Some(_) => {
                let token = self.token();
                if token.is_empty() {
                    return Err(self.error(format!("unexpected {:?}", self.peek().unwrap_or(' '))));
                }
                Ok(atom(token))
            }
        }
    }

    fn sequence(&mut self, close: char, depth: u32) -> Result<Edn, LineError> {
        let opened = self.line;
        self.advance();
        let mut items = Vec::new();
        loop {
            self.skip_blank(depth)?;
            match self.peek() {
                Some(next) if next == close => {
                    self.advance();
                    return Ok(Edn::Sequence(items));
                }
                None => return Err(self.unclosed(close, opened)),
                Some(_) => items.push((self.line, self.form(depth + 1)?)),
            }
        }
    }

    fn map(&mut self, depth: u32) -> Result<Edn, LineError> {
        let opened = self.line;
        self.advance();
        let mut entries = Vec::new();
        loop {
            self.skip_blank(depth)?;
            match self.peek() {
                Some('}') => {
                    self.advance();
                    return Ok(Edn::Map(entries));
                }
                None => return Err(self.unclosed('}', opened)),
                Some(_) => {}
            }
            let key = self.form(depth + 1)?;
            self.skip_blank(depth)?;
            if self.peek() == Some('}') {
                return Err(self.error("a map has a key without a value"));
            }
            if self.peek().is_none() {
                return Err(self.unclosed('}', opened));
            }
            entries.push((key, self.form(depth + 1)?));
        }
    }

    fn unclosed(&self, close: char, opened: u32) -> LineError {
        self.error(format!(
            "the text is cut off: {close:?} is missing for what line {opened} opens"
        ))
    }

    fn text_form(&mut self) -> Result<Edn, LineError> {
        let opened = self.line;
        self.advance();
        let mut text = String::new();
        loop {
            match self.advance() {
                None => {
                    return Err(
                        self.error(format!("the text is cut off in the string of line {opened}"))
                    );
                }
                Some('"') => return Ok(Edn::Text(text)),
                Some('\\') => text.push(self.escape()?),
                Some(next) => text.push(next),
            }
        }
    }

    fn escape(&mut self) -> Result<char, LineError> {
        match self.advance() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('u') => {
                let mut code = 0;
                for _ in 0..4 {
                    let digit = self.advance().and_then(|next| next.to_digit(16));
                    code = code * 16
                        + digit.ok_or_else(|| self.error("a \\u escape needs four digits"))?;
                }
                Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            Some(next @ ('"' | '\\' | '/' | '\'')) => Ok(next),
            Some(next) => Err(self.error(format!("unknown escape \\{next} in a string"))),
            None => Err(self.error("the text is cut off in a string")),
        }
    }

    fn character(&mut self) -> Result<Edn, LineError> {
        self.advance();
        let Some(first) = self.advance() else {
            return Err(self.error("the text is cut off after \\"));
        };
        let name = format!("{first}{}", self.token());
        let named = match name.as_str() {
            "newline" => '\n',
            "space" => ' ',
            "tab" => '\t',
            "return" => '\r',
            _ => first,
        };
        Ok(Edn::Character(named))
    }

    /// What begins with `#`: a set, a tag, or the brackets that Clojure prints for Java objects.
    fn dispatch(&mut self, depth: u32) -> Result<Edn, LineError> {
        self.advance();
        if self.peek() == Some('{') {
            return self.sequence('}', depth);
        }
        let tag = self.token().to_string();
        self.skip_blank(depth)?;
        Ok(Edn::Tagged(tag, Box::new(self.form(depth + 1)?)))
    }

    /// The characters up to the next delimiter.
    fn token(&mut self) -> &'a str {
        let rest = &self.text[self.offset..];
        let delimiter = |next: char| {
            next.is_whitespace()
                || matches!(next, ',' | '[' | ']' | '(' | ')' | '{' | '}' | '"' | ';')
        };
        let end = rest.find(delimiter).unwrap_or(rest.len());
        self.offset += end;
        &rest[..end]
    }
}

fn atom(token: &str) -> Edn {
    match token {
        "nil" => return Edn::Nil,
        "true" => return Edn::Boolean(true),
        "false" => return Edn::Boolean(false),
        _ => {}
    }
    let digits = token.strip_suffix(['N', 'M']).unwrap_or(token);
    let looks_numeric =
        digits.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit());
    if looks_numeric {
        if let Ok(value) = digits.parse::<i64>() {
            return Edn::Integer(value);
        }
        if let Ok(value) = digits.parse::<u64>() {
            return Edn::Natural(value);
        }
        if let Ok(value) = digits.parse::<f64>() {
            return Edn::Float(value);
        }
    }
    Edn::Symbol(token.to_string())
}

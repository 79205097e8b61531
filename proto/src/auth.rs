//! Bearer tokens: what a client or a node shows to say who it is.
//!
//! Owns how a token is written, read from a file and sent. Invariant: no token is in a log, an
//! error or a debug output. Must not know who has which one.

use std::{fmt, io, path::Path};

use http::HeaderValue;

/// Characters of a token: a shorter one could be guessed.
pub const TOKEN_LENGTH_MIN: usize = 32;
/// Characters of a token at most.
pub const TOKEN_LENGTH_MAX: usize = 256;
/// What comes before the token in the `authorization` metadata.
const SCHEME: &str = "Bearer ";

/// A secret that says who has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// A text that is not a token. It does not show the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a token: take {TOKEN_LENGTH_MIN} to {TOKEN_LENGTH_MAX} letters, digits, - . _ ~ + / =, \
     such as `openssl rand -hex 32` prints"
)]
pub struct InvalidToken;

/// Why a file gives no tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A line of it is something else.
    #[error("line {0}: {InvalidToken}")]
    Invalid(usize),
    /// There is nothing in it.
    #[error("no token is in it: write one, such as `openssl rand -hex 32` prints")]
    Empty,
}

impl Token {
    /// Checks a text.
    ///
    /// # Errors
    /// If it is too short, too long, or has other characters than RFC 6750 allows.
    pub fn new(text: &str) -> Result<Token, InvalidToken> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        let is_long_enough = (TOKEN_LENGTH_MIN..=TOKEN_LENGTH_MAX).contains(&text.len());
        let is_token = is_long_enough && text.chars().all(is_plain);
        if is_token { Ok(Token(text.to_owned())) } else { Err(InvalidToken) }
    }

    /// The tokens in a file, one a line. Empty lines are skipped.
    ///
    /// # Errors
    /// If it cannot be read, has none, or has something else.
    pub fn read_file(path: &Path) -> Result<Vec<Token>, TokenFileError> {
        let text = std::fs::read_to_string(path)?;
        let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
        let tokens = lines.map(|(index, line)| {
            Token::new(line).map_err(|InvalidToken| TokenFileError::Invalid(index + 1))
        });
        let tokens: Vec<_> = tokens.collect::<Result<_, _>>()?;
        if tokens.is_empty() { Err(TokenFileError::Empty) } else { Ok(tokens) }
    }

    /// The secret itself, to be hashed.
    pub fn secret(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The value of the `authorization` metadata; None shows it when it is printed.
    pub fn header(&self) -> HeaderValue {
        let text = format!("{SCHEME}{}", self.0);
        let mut value = HeaderValue::from_str(&text).expect("a token is plain ASCII");
        value.set_sensitive(true);
        value
    }

    /// The token in the value of `authorization` metadata; None if there is no token in it.
    pub fn of_header(value: &HeaderValue) -> Option<Token> {
        let text = value.to_str().ok()?;
        let (scheme, token) = text.split_at_checked(SCHEME.len())?;
        scheme.eq_ignore_ascii_case(SCHEME).then(|| Token::new(token.trim()).ok())?
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_token_survives_the_header_and_is_not_shown() {
        let token = Token::new(SECRET).expect("a token");
        assert_eq!(Token::of_header(&token.header()), Some(token.clone()));
        let lower = HeaderValue::from_str(&format!("bearer {SECRET}")).expect("plain");
        assert_eq!(Token::of_header(&lower), Some(token.clone()));
        assert!(!format!("{token:?} {:?}", token.header()).contains(SECRET));
    }

    #[test]
    fn what_is_no_token_is_refused_without_showing_it() {
        for bad in ["", "short", &"x".repeat(TOKEN_LENGTH_MAX + 1), &format!("{SECRET} {SECRET}")] {
            let refused = Token::new(bad).expect_err("no token").to_string();
            assert!(bad.is_empty() || !refused.contains(bad), "{refused}");
        }
        for bad in ["", "Bearer", "Bearer ", "Basic 0123456789abcdef0123456789abcdef", "Bearer x"] {
            let value = HeaderValue::from_str(bad).expect("plain");
            assert_eq!(Token::of_header(&value), None, "{bad}");
        }
    }
}

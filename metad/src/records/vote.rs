//! Raft's vote: the one thing a server must never forget, or it could vote twice in a term.

use super::codec::{Decoder, Encoder};
use crate::{kv::Result, types::ServerId};

const VERSION: u8 = 1;

/// Whom this server voted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// In which term.
    pub term: u64,
    /// For whom.
    pub server: ServerId,
    /// A quorum granted it: that server leads the term.
    pub committed: bool,
}

/// The stored value.
pub fn encode(vote: &Vote) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(vote.term);
    encoder.u64(vote.server.0);
    encoder.byte(vote.committed.into());
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Vote> {
    let mut decoder = Decoder::open("vote", VERSION, value)?;
    let term = decoder.u64()?;
    let server = ServerId(decoder.u64()?);
    let committed = match decoder.byte()? {
        0 => false,
        1 => true,
        other => return Err(decoder.fault(format!("{other} is not a flag"))),
    };
    decoder.end()?;
    Ok(Vote { term, server, committed })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::records::codec::hex;

    #[test]
    fn the_bytes_are_forever() {
        let vote = Vote { term: 7, server: ServerId(3), committed: true };
        let value = encode(&vote);
        expect!["010703018cae5e27"].assert_eq(&hex(&value));
        assert_eq!(decode(&value).expect("decode"), vote);
    }
}

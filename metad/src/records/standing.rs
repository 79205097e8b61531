//! How far a replica has come on its way to a full member of its group.

use super::codec::{Decoder, Encoder};
use crate::kv::Result;

const VERSION: u8 = 1;

/// How far a replica has come. Only a [`Standing::Member`] votes and stands for election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its data folder was empty: whether there is a cluster already is not known yet.
    New = 1,
    /// There is one. What this replica may have promised before its folder was lost is
    /// unknown until it has caught up.
    Joining = 2,
    /// It knows all that it has ever promised.
    Member = 3,
}

/// The stored value.
pub fn encode(standing: Standing) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.byte(standing as u8);
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Standing> {
    let mut decoder = Decoder::open("standing", VERSION, value)?;
    let standing = match decoder.byte()? {
        1 => Standing::New,
        2 => Standing::Joining,
        3 => Standing::Member,
        other => return Err(decoder.fault(format!("{other} is not a standing"))),
    };
    decoder.end()?;
    Ok(standing)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::records::codec::hex;

    #[test]
    fn the_bytes_are_forever() {
        expect!["0102529ff803"].assert_eq(&hex(&encode(Standing::Joining)));
        for standing in [Standing::New, Standing::Joining, Standing::Member] {
            assert_eq!(decode(&encode(standing)).expect("decode"), standing);
        }
    }
}

//! How far the state machine has come: the last entry that it applied, the last membership
//! among them, and the running digest of all that apply has written.

use super::{
    codec::{Decoder, Encoder},
    entry::{Position, get_position, put_position},
    membership::{self, Membership},
};
use crate::kv::Result;

const VERSION: u8 = 1;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The last entry; None before the first.
    pub last: Option<Position>,
    /// The entry that the membership is from.
    pub membership_at: Option<Position>,
    /// The last membership.
    pub membership: Membership,
    /// Two replicas that applied the same entries have the same.
    pub digest: u128,
}

/// The stored value.
pub fn encode(applied: &Applied) -> Vec<u8> {
    let mut encoder = Encoder::new();
    put_position(&mut encoder, applied.last);
    put_position(&mut encoder, applied.membership_at);
    membership::put(&mut encoder, &applied.membership);
    encoder.fixed(&applied.digest.to_be_bytes());
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Applied> {
    let mut decoder = Decoder::open("applied record", VERSION, value)?;
    let applied = Applied {
        last: get_position(&mut decoder)?,
        membership_at: get_position(&mut decoder)?,
        membership: membership::get(&mut decoder)?,
        digest: u128::from_be_bytes(decoder.fixed()?),
    };
    decoder.end()?;
    Ok(applied)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::{records::codec::hex, types::ServerId};

    #[test]
    fn the_bytes_are_forever() {
        let applied = Applied {
            last: Some(Position { term: 2, index: 300 }),
            membership_at: Some(Position { term: 0, index: 0 }),
            membership: Membership {
                voters: vec![[ServerId(1), ServerId(2)].into()],
                servers: [(ServerId(1), "a:1".to_owned()), (ServerId(2), "b:2".to_owned())].into(),
            },
            digest: 5,
        };
        let value = encode(&applied);
        expect![
            "010102ac0201000001020102020103613a310203623a32000000000000000000000000000000057d602554"
        ]
        .assert_eq(&hex(&value));
        assert_eq!(decode(&value).expect("decode"), applied);
        assert_eq!(decode(&encode(&Applied::default())).expect("decode"), Applied::default());
    }
}

//! An entry of the log. Its index is in the key.

use metad_proto::planted;

use super::{
    codec::{Decoder, Encoder},
    identity::FORMAT,
};
use crate::kv::Result;

const VERSION: u8 = 1;
/// Of an entry: it begins with its index. Before that, it did not say where it stands.
pub const VERSION_WITH_INDEX: u8 = 2;

/// A position in the log: who made the entry, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The term of the leader that made the entry.
    pub term: u64,
    /// From 0.
    pub index: u64,
}

/// An entry without its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<Bytes> {
    /// The term of the leader that made it.
    pub term: u64,
    /// What it holds.
    pub kind: Kind,
    /// As the kind says.
    pub payload: Bytes,
}

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: a leader's first entry.
    Blank,
    /// A [`super::command`].
    Command,
    /// A [`super::membership`].
    Membership,
}

impl Kind {
    /// The number that stands for it, on disk and on the wire.
    pub fn number(self) -> u8 {
        match self {
            Kind::Blank => 0,
            Kind::Command => 1,
            Kind::Membership => 2,
        }
    }

    /// The kind that a number stands for.
    pub fn of(number: u32) -> Option<Kind> {
        [Kind::Blank, Kind::Command, Kind::Membership]
            .into_iter()
            .find(|kind| u32::from(kind.number()) == number)
    }
}

/// The stored value in a format: see [`FORMAT`].
pub fn encode<Bytes: AsRef<[u8]>>(entry: &Entry<Bytes>, index: u64, format: u32) -> Vec<u8> {
    let mut encoder = Encoder::new();
    if format >= FORMAT {
        encoder.u64(index);
    }
    encoder.u64(entry.term);
    encoder.byte(entry.kind.number());
    encoder.bytes(entry.payload.as_ref());
    encoder.seal(if format >= FORMAT { VERSION_WITH_INDEX } else { VERSION })
}

/// Reads the value that is stored for an index.
pub fn decode(value: &[u8], index: u64) -> Result<Entry<&[u8]>> {
    let has_index = value.first() == Some(&VERSION_WITH_INDEX);
    let version = if has_index { VERSION_WITH_INDEX } else { VERSION };
    let mut decoder = Decoder::open("log entry", version, value)?;
    if has_index {
        let found = decoder.u64()?;
        if found != index && !planted!(ChecksumsIgnored) {
            return Err(decoder.fault(format!("entry {found} where {index} should be")));
        }
    }
    let term = decoder.u64()?;
    let kind = decoder.byte()?;
    let kind =
        Kind::of(kind.into()).ok_or_else(|| decoder.fault(format!("unknown kind {kind}")))?;
    let payload = decoder.bytes()?;
    decoder.end()?;
    Ok(Entry { term, kind, payload })
}

pub(super) fn put_position(encoder: &mut Encoder, position: Option<Position>) {
    encoder.byte(position.is_some().into());
    if let Some(Position { term, index }) = position {
        encoder.u64(term);
        encoder.u64(index);
    }
}

pub(super) fn get_position(decoder: &mut Decoder) -> Result<Option<Position>> {
    match decoder.byte()? {
        0 => Ok(None),
        1 => Ok(Some(Position { term: decoder.u64()?, index: decoder.u64()? })),
        other => Err(decoder.fault(format!("{other} is not a flag"))),
    }
}

/// The stored value of a position: the last entry purged, or known to be committed.
pub fn encode_position(position: Option<Position>) -> Vec<u8> {
    let mut encoder = Encoder::new();
    put_position(&mut encoder, position);
    encoder.seal(VERSION)
}

/// Reads the stored value of a position.
pub fn decode_position(value: &[u8]) -> Result<Option<Position>> {
    let mut decoder = Decoder::open("log position", VERSION, value)?;
    let position = get_position(&mut decoder)?;
    decoder.end()?;
    Ok(position)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::records::{codec::hex, identity::FORMAT_BEFORE};

    #[test]
    fn the_bytes_are_forever() {
        let entry = Entry { term: 300, kind: Kind::Command, payload: &b"ab"[..] };
        let before = encode(&entry, 7, FORMAT_BEFORE);
        expect!["01ac02010261629fb1f969"].assert_eq(&hex(&before));
        assert_eq!(decode(&before, 7).expect("decode"), entry);
        let value = encode(&entry, 7, FORMAT);
        expect!["0207ac0201026162770f71b9"].assert_eq(&hex(&value));
        assert_eq!(decode(&value, 7).expect("decode"), entry);
        assert!(decode(&value, 8).is_err(), "an entry of another place");
        let position = Some(Position { term: 2, index: 300 });
        let value = encode_position(position);
        expect!["010102ac02442aa459"].assert_eq(&hex(&value));
        assert_eq!(decode_position(&value).expect("decode"), position);
        assert_eq!(decode_position(&encode_position(None)).expect("decode"), None);
    }
}

//! Whose data folder this is, so that a foreign one is refused.

use super::codec::{Decoder, Encoder};
use crate::{
    kv::{Result, StorageFault},
    types::{GroupId, ServerId},
};

const VERSION: u8 = 1;

/// The format of everything stored, as this version writes it.
///
/// 4: an entry of the log says where it stands, so that one from another place is noticed.
pub const FORMAT: u32 = 4;
/// The one before, which this version reads, and writes if it is told to: a cluster is brought
/// to a new version node by node, and may be taken back until it writes the new format.
pub const FORMAT_BEFORE: u32 = 3;

/// Whose data folder it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// See [`FORMAT`].
    pub format: u32,
    /// The cluster's name.
    pub cluster: String,
    /// The Raft group.
    pub group: GroupId,
    /// The server.
    pub server: ServerId,
}

/// The stored value.
pub fn encode(identity: &Identity) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(identity.format.into());
    encoder.text(&identity.cluster);
    encoder.u64(identity.group.0.into());
    encoder.u64(identity.server.0);
    encoder.seal(VERSION)
}

/// Reads a stored value. Of another format, only the format is known.
pub fn decode(value: &[u8]) -> Result<std::result::Result<Identity, OtherFormat>> {
    let mut decoder = Decoder::open("identity", VERSION, value)?;
    let format = decoder.u32()?;
    if format != FORMAT && format != FORMAT_BEFORE {
        return Ok(Err(OtherFormat(format)));
    }
    let identity = Identity {
        format,
        cluster: decoder.text()?.to_owned(),
        group: GroupId(decoder.u32()?),
        server: ServerId(decoder.u64()?),
    };
    decoder.end()?;
    if identity.cluster.is_empty() {
        return Err(StorageFault::corrupt("identity", "a cluster without a name"));
    }
    Ok(Ok(identity))
}

/// A data folder of another version of metad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherFormat(pub u32);

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::records::codec::hex;

    #[test]
    fn the_bytes_are_forever() {
        let identity = Identity {
            format: FORMAT,
            cluster: "home".to_owned(),
            group: GroupId(1),
            server: ServerId(3),
        };
        let value = encode(&identity);
        expect!["010404686f6d650103e9e3d450"].assert_eq(&hex(&value));
        assert_eq!(decode(&value).expect("decode"), Ok(identity.clone()));
        let later = encode(&Identity { format: FORMAT + 1, ..identity });
        assert_eq!(decode(&later).expect("decode"), Err(OtherFormat(FORMAT + 1)));
    }
}

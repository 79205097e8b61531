//! The encoding of stored values: a version byte, the payload, and a CRC-32C of both.
//!
//! Payloads are fields in order: integers as LEB128 varints, bytes with their size before
//! them. There is nothing to skip: a new field is a new version.

use metad_proto::planted;

use crate::kv::{Result, StorageFault};

const CHECKSUM_SIZE: usize = 4;

/// Checks and unwraps a payload. `what` names the record in the fault.
pub fn open<'a>(what: &'static str, version: u8, value: &'a [u8]) -> Result<&'a [u8]> {
    let split = value.split_last_chunk::<CHECKSUM_SIZE>();
    let (sealed, checksum) = split.ok_or_else(|| StorageFault::corrupt(what, "cut short"))?;
    let is_whole = crc32c::crc32c(sealed) == u32::from_le_bytes(*checksum);
    if !is_whole && !planted!(ChecksumsIgnored) {
        return Err(StorageFault::corrupt(what, "checksum does not match"));
    }
    match sealed.split_first() {
        Some((found, payload)) if *found == version => Ok(payload),
        Some((found, _)) => Err(StorageFault::corrupt(what, format!("unknown version {found}"))),
        None => Err(StorageFault::corrupt(what, "empty")),
    }
}

/// Gathers the fields of a payload, after a place for the version: a value is written where it
/// stays.
pub struct Encoder(Vec<u8>);

/// Most values fit without a second allocation.
const CAPACITY: usize = 192;

impl Encoder {
    /// Starts empty.
    #[expect(clippy::new_without_default, reason = "there is one way to make one")]
    pub fn new() -> Self {
        let mut value = Vec::with_capacity(CAPACITY);
        value.push(0);
        Encoder(value)
    }

    /// The payload.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.0.split_off(1)
    }

    /// The payload as a stored value.
    pub fn seal(self, version: u8) -> Vec<u8> {
        let Encoder(mut value) = self;
        value[0] = version;
        let checksum = crc32c::crc32c(&value);
        value.extend_from_slice(&checksum.to_le_bytes());
        value
    }

    /// A tag or a small number.
    pub fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    /// An unsigned integer, 1 to 10 bytes.
    pub fn u64(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A signed integer, small when near zero.
    pub fn i64(&mut self, value: i64) {
        self.u64(((value << 1) ^ (value >> 63)) as u64);
    }

    /// Bytes of any size.
    pub fn bytes(&mut self, value: &[u8]) {
        self.u64(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// Bytes whose size the reader knows.
    pub fn fixed(&mut self, value: &[u8]) {
        self.0.extend_from_slice(value);
    }

    /// Text.
    pub fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }
}

/// Reads the fields of a payload in order.
pub struct Decoder<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Over a payload; `what` names the record in a fault.
    pub fn new(what: &'static str, payload: &'a [u8]) -> Self {
        Decoder { what, rest: payload }
    }

    /// Over a stored value.
    pub fn open(what: &'static str, version: u8, value: &'a [u8]) -> Result<Self> {
        Ok(Decoder::new(what, open(what, version, value)?))
    }

    /// A fault in this record.
    pub fn fault(&self, why: impl Into<String>) -> StorageFault {
        StorageFault::corrupt(self.what, why)
    }

    /// All fields have been read.
    pub fn end(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault("more than expected")) }
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8]> {
        let split = self.rest.split_at_checked(size);
        let (taken, rest) = split.ok_or_else(|| self.fault("less than expected"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// See [`Encoder::byte`].
    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// See [`Encoder::u64`].
    pub fn u64(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.fault("integer too large"))
    }

    /// An integer of at most 32 bits.
    pub fn u32(&mut self) -> Result<u32> {
        u32::try_from(self.u64()?).map_err(|_| self.fault("integer too large"))
    }

    /// See [`Encoder::i64`].
    pub fn i64(&mut self) -> Result<i64> {
        let value = self.u64()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// See [`Encoder::bytes`].
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let size = self.u64()?;
        self.take(usize::try_from(size).map_err(|_| self.fault("size too large"))?)
    }

    /// See [`Encoder::fixed`].
    pub fn fixed<const SIZE: usize>(&mut self) -> Result<[u8; SIZE]> {
        Ok(self.take(SIZE)?.try_into().expect("take gives what it was asked for"))
    }

    /// See [`Encoder::text`].
    pub fn text(&mut self) -> Result<&'a str> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.fault("text is not UTF-8"))
    }
}

/// For golden bytes.
#[cfg(test)]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fields_come_back(
            a: u64, b: i64, c in proptest::collection::vec(any::<u8>(), 0..99), d in ".*",
        ) {
            let mut encoder = Encoder::new();
            encoder.u64(a);
            encoder.i64(b);
            encoder.bytes(&c);
            encoder.text(&d);
            let value = encoder.seal(1);
            let mut decoder = Decoder::open("test", 1, &value).unwrap();
            prop_assert_eq!(decoder.u64().unwrap(), a);
            prop_assert_eq!(decoder.i64().unwrap(), b);
            prop_assert_eq!(decoder.bytes().unwrap(), &c[..]);
            prop_assert_eq!(decoder.text().unwrap(), d);
            decoder.end().unwrap();
        }

        #[test]
        fn a_flipped_bit_is_a_fault(payload in proptest::collection::vec(any::<u8>(), 0..99), at: usize) {
            let mut encoder = Encoder::new();
            encoder.fixed(&payload);
            let mut value = encoder.seal(1);
            let bit = at % (value.len() * 8);
            value[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open("test", 1, &value).is_err());
        }

        #[test]
        fn garbage_does_not_panic(garbage in proptest::collection::vec(any::<u8>(), 0..99)) {
            let mut decoder = Decoder::new("test", &garbage);
            while decoder.bytes().is_ok() && decoder.u64().is_ok() {}
        }
    }
}

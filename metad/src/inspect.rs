//! Looks into the stores of a node: what there is of each kind, and what a record says.
//!
//! Owns nothing, and changes nothing. Must not: judge; that is [`crate::fsck`]'s.

use std::{collections::BTreeMap, fmt::Debug};

use crate::{
    kv::{KvRead, Result},
    records::{audit::read, key::Kind},
};

/// What there is of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Records.
    pub records: u64,
    /// Bytes of their keys.
    pub key_bytes: u64,
    /// Bytes of their values.
    pub value_bytes: u64,
    /// Those that cannot be read.
    pub unreadable: u64,
    /// What the first one says.
    pub first: String,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its key.
    pub key: Vec<u8>,
    /// What it says, or why it cannot be read.
    pub says: std::result::Result<String, String>,
}

/// What there is of each kind, in the order of their keys.
///
/// # Errors
/// If the store cannot be read on.
pub fn sums(store: &dyn KvRead) -> Result<Vec<(String, Sum)>> {
    let mut sums: BTreeMap<Option<u8>, (String, Sum)> = BTreeMap::new();
    for pair in store.scan(&[], &[u8::MAX; 4]) {
        let (key, value) = pair?;
        let kind = Kind::of(&key);
        let (_, sum) = sums.entry(kind.map(|kind| kind as u8)).or_insert_with(|| {
            let first = if kind.is_some() { says(&key, &value) } else { Ok(String::new()) };
            (name(kind), Sum { first: first.unwrap_or_else(|why| why), ..Sum::default() })
        });
        sum.records += 1;
        sum.key_bytes += key.len() as u64;
        sum.value_bytes += value.len() as u64;
        sum.unreadable += u64::from(read(&key, &value, &|_| ()).is_err());
    }
    Ok(sums.into_values().collect())
}

/// Records of a kind, by its name, in the order of their keys.
pub fn records<'s>(
    store: &'s dyn KvRead,
    kind: &'s str,
) -> impl Iterator<Item = Result<Shown>> + 's {
    store.scan(&[], &[u8::MAX; 4]).filter_map(move |pair| match pair {
        Ok((key, _)) if name(Kind::of(&key)) != kind => None,
        Ok((key, value)) => Some(Ok(Shown { says: says(&key, &value), key })),
        Err(fault) => Some(Err(fault)),
    })
}

/// The names of all kinds.
pub fn kinds() -> Vec<String> {
    Kind::ALL.into_iter().map(|kind| name(Some(kind))).collect()
}

fn says(key: &[u8], value: &[u8]) -> std::result::Result<String, String> {
    let show = |record: &dyn Debug| format!("{record:?}");
    read(key, value, &show).map_err(|fault| fault.to_string())
}

/// `PastNode` is past-node.
fn name(kind: Option<Kind>) -> String {
    let Some(kind) = kind else { return "unknown".to_owned() };
    let mut name = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kv::{KvEngine as _, Write, mem::MemDisk},
        records::{key, standing},
        types::GroupId,
    };

    #[test]
    fn what_is_there_is_counted_and_shown() {
        let engine = MemDisk::new().open();
        let (group, value) = (GroupId(1), standing::encode(standing::Standing::Member));
        let puts = vec![
            Write::Put(key::standing(group), value),
            Write::Put(key::vote(group), b"damaged".to_vec()),
            Write::Put(vec![0, 0, 0, 1, 0xfe], Vec::new()),
        ];
        engine.write(puts).expect("write");
        let view = engine.view().expect("view");
        let sums = sums(&*view).expect("read");
        let told: Vec<_> = sums
            .iter()
            .map(|(name, sum)| (name.as_str(), sum.records, sum.unreadable, sum.first.as_str()))
            .collect();
        assert_eq!(told[0], ("unknown", 1, 1, ""));
        assert_eq!((told[1].0, told[1].2), ("vote", 1));
        assert_eq!(told[2], ("standing", 1, 0, "Member"));
        let mut standings = records(&*view, "standing");
        assert_eq!(standings.next().expect("one").expect("read").says, Ok("Member".to_owned()));
        assert!(standings.next().is_none());
        assert!(kinds().contains(&"past-node".to_owned()));
    }
}

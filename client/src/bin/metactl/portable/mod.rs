//! Trees as JSON lines that any version, and other programs, can read: `dump` and `load`.
//!
//! What is there at one revision: namespaces, nodes, content, attributes, quotas, mounts. Not
//! ids, revs, the past, journals, sessions and locks: those belong to one cluster. So what is
//! loaded and dumped again is the same, line by line, but for the first line's revision.

pub mod dump;
pub mod load;

use std::collections::BTreeMap;

use metad_client::v1;
use serde::{Deserialize, Serialize};

use crate::{output::hex, write::from_hex};

/// The format that is written, and read.
const FORMAT: u32 = 1;

/// One line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The first one.
    Dump { format: u32, revision: u64 },
    /// Before all nodes, those of other namespaces, too: mounts name them.
    Namespace {
        name: String,
        policy: Policy,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quota: Option<Quota>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        attributes: BTreeMap<String, Hex>,
    },
    /// After the directory that it is in.
    Node(Node),
    /// The last one: without it, the dump was cut.
    End { nodes: u64 },
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Policy {
    Exact,
    Casefold,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Node {
    ns: String,
    path: String,
    what: What,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quota: Option<Quota>,
}

/// A kind, and what belongs to it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
enum What {
    Directory,
    File(Content),
    Symlink { to: String },
    Mount { shows: String },
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    size: u64,
    hash: Hex,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    media_type: String,
    mtime_ms: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    blocks: Vec<Hex>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    manifest: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Quota {
    nodes: Option<u64>,
    bytes: Option<u64>,
}

impl From<v1::Quota> for Quota {
    fn from(quota: v1::Quota) -> Quota {
        Quota { nodes: quota.nodes, bytes: quota.bytes }
    }
}

impl From<Quota> for v1::Quota {
    fn from(quota: Quota) -> v1::Quota {
        v1::Quota { nodes: quota.nodes, bytes: quota.bytes }
    }
}

/// Any bytes, as hexadecimal digits.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Hex(Vec<u8>);

impl From<Hex> for String {
    fn from(bytes: Hex) -> String {
        hex(&bytes.0)
    }
}

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Hex, String> {
        from_hex(&text).map(Hex).ok_or_else(|| format!("{text:?} is not hexadecimal"))
    }
}

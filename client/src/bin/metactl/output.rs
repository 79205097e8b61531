//! How data is printed: lines for people, or JSON.

use std::{
    fmt::Display,
    io::{self, Write},
    time::{Duration, UNIX_EPOCH},
};

use metad_client::{
    Reply,
    v1::{Cursor, Kind, Node, Quota},
};
use serde_json::{Value, json};

/// Stdout, in one of two languages.
pub struct Output {
    pub json: bool,
    /// Reads are of level `any`: say who answered, and how old that may be.
    pub tells_age: bool,
}

impl Output {
    /// Prints one line at once, so that what follows a stream sees it.
    pub fn line(&self, line: impl Display) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// Prints what a read was answered, as JSON with what the answer reflects.
    pub fn answer<T>(
        &self,
        reply: &Reply<T>,
        value: impl FnOnce() -> Value,
        lines: impl FnOnce() -> String,
    ) -> io::Result<()> {
        let stamped = || {
            let mut value = value();
            value["revision"] = json!(reply.revision);
            if self.tells_age {
                value["answered_by"] = json!(reply.node);
                value["staleness_ms"] = json!(reply.staleness_ms);
            }
            value
        };
        self.data(stamped, lines)
    }

    /// Prints a value as JSON, or else the lines that say the same.
    pub fn data(
        &self,
        value: impl FnOnce() -> Value,
        lines: impl FnOnce() -> String,
    ) -> io::Result<()> {
        if self.json {
            return self.line(value());
        }
        let lines = lines();
        if lines.is_empty() { Ok(()) } else { self.line(lines) }
    }
}

/// Attributes as JSON: values are any bytes, so in hex.
pub fn attributes(node: &Node) -> Value {
    let pairs = node.attributes.iter().map(|(name, value)| (name.clone(), json!(hex(value))));
    Value::Object(pairs.collect())
}

/// A node as JSON, under the API's field names.
pub fn node(node: &Node) -> Value {
    let mut value = json!({
        "id": node.id,
        "parent": node.parent_id,
        "name": node.name,
        "kind": kind(node.kind),
        "rev": node.rev,
    });
    if let Some(content) = &node.content {
        value["size"] = json!(content.size);
        value["hash"] = json!(hex(&content.hash));
        value["media_type"] = json!(content.media_type);
        value["mtime_ms"] = json!(content.mtime_ms);
        value["blocks"] = json!(content.blocks.len());
        if !content.manifest.is_empty() {
            value["manifest"] = json!(content.manifest);
        }
    }
    if !node.symlink.is_empty() {
        value["symlink"] = json!(node.symlink);
    }
    if !node.attributes.is_empty() {
        value["attributes"] = attributes(node);
    }
    if let Some(bounds) = &node.quota {
        value["quota"] = quota(bounds);
    }
    if is_mount(node) {
        value["mount"] = json!(node.mount);
    }
    if !node.path.is_empty() {
        value["path"] = json!(node.path);
    }
    value
}

/// A node as JSON, with what is under it: of an answer that tells that.
pub fn counted(counted: &Node) -> Value {
    let mut value = node(counted);
    if is_directory(counted) || is_mount(counted) {
        value["nodes"] = json!(counted.nodes);
        value["bytes"] = json!(counted.bytes);
    }
    value
}

/// The hashes of a file's blocks as JSON.
pub fn block_hashes(node: &Node) -> Option<Value> {
    let blocks = &node.content.as_ref()?.blocks;
    Some(blocks.iter().map(|block| json!(hex(block))).collect())
}

/// A cursor, as commands take it.
pub fn cursor(cursor: &Cursor) -> String {
    format!("{}.{}", cursor.revision, cursor.ordinal)
}

/// A quota as JSON.
pub fn quota(quota: &Quota) -> Value {
    json!({"nodes": quota.nodes, "bytes": quota.bytes})
}

/// What bounds a count, where something does.
pub fn of(bound: Option<u64>) -> String {
    bound.map_or_else(String::new, |bound| format!(" of {bound}"))
}

/// A name, and what it leads to: directories end with a slash.
pub fn marked(node: &Node, name: &str) -> String {
    let name = printable(name);
    match Kind::try_from(node.kind) {
        Ok(Kind::Directory) => name + "/",
        Ok(Kind::Symlink) => format!("{name} -> {}", printable(&node.symlink)),
        Ok(Kind::Mount) => format!("{name}/ => namespace {}", node.mount),
        _ => name,
    }
}

/// A node on one line, under this name.
pub fn long(node: &Node, name: &str) -> String {
    // Listings do not tell what is under a directory.
    let under = || if node.bytes > 0 { node.bytes.to_string() } else { "-".to_owned() };
    let (kind, size, time) = match &node.content {
        Some(content) => ('-', content.size.to_string(), time(content.mtime_ms)),
        None if is_directory(node) => ('d', under(), "-".to_owned()),
        None if is_mount(node) => ('m', under(), "-".to_owned()),
        None => ('l', "-".to_owned(), "-".to_owned()),
    };
    format!("{kind} {size:>14} {:>10} {time:>20} {}", node.rev, marked(node, name))
}

/// An attribute, as users write it.
pub fn attribute(name: &str, value: &[u8]) -> String {
    format!("{}={}", printable(name), printable(&String::from_utf8_lossy(value)))
}

pub fn is_directory(node: &Node) -> bool {
    node.kind == Kind::Directory as i32
}

pub fn is_mount(node: &Node) -> bool {
    node.kind == Kind::Mount as i32
}

pub fn kind(kind: i32) -> &'static str {
    match Kind::try_from(kind) {
        Ok(Kind::Directory) => "directory",
        Ok(Kind::File) => "file",
        Ok(Kind::Symlink) => "symlink",
        Ok(Kind::Mount) => "mount",
        _ => "unknown",
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A name that cannot be mistaken for more than one line, nor move the terminal's cursor.
pub fn printable(name: &str) -> String {
    if name.chars().any(char::is_control) {
        name.escape_debug().to_string()
    } else {
        name.to_owned()
    }
}

/// A client's time in UTC, or "-" for none.
pub fn time(milliseconds: i64) -> String {
    match u64::try_from(milliseconds) {
        Ok(0) | Err(_) => "-".to_owned(),
        // The format ends with the year 9999.
        Ok(ms) => {
            let time = UNIX_EPOCH + Duration::from_millis(ms.min(253_402_300_799_000));
            humantime::format_rfc3339_seconds(time).to_string()
        }
    }
}

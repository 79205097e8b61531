//! Names and paths: which are allowed.

use std::sync::Arc;

use super::operation::Name;
use super::reason::Reason;

/// Directories above a node that an operation reaches; names of a path.
pub(super) const DEPTH_MAX: usize = 256;

/// Bytes of a path.
const PATH_BYTES_MAX: usize = 4_096;

/// Bytes of a name.
pub(super) const NAME_BYTES_MAX: usize = 255;

/// What a name is refused with, if it is.
pub(super) fn check_name(name: &str) -> Result<(), Reason> {
    if name.len() > NAME_BYTES_MAX {
        return Err(Reason::LimitExceeded);
    }
    let is_bad = matches!(name, "" | "." | "..") || name.contains(['\0', '/']);
    if is_bad { Err(Reason::NameInvalid) } else { Ok(()) }
}

/// The names of a path, or why the first that is not allowed is refused. "" and "/" have
/// no names.
pub(super) fn split(path: &str) -> Result<Vec<Name>, Reason> {
    if path.len() > PATH_BYTES_MAX {
        return Err(Reason::LimitExceeded);
    }
    let rest = path.strip_prefix('/').unwrap_or(path);
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let names = rest.split('/').map(|name| check_name(name).map(|()| Arc::from(name)));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    if names.len() > DEPTH_MAX { Err(Reason::LimitExceeded) } else { Ok(names) }
}

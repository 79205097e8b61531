//! Names and paths: which are allowed.

use std::sync::Arc;

use super::operation::Name;

/// Bytes of a name.
const NAME_BYTES_MAX: usize = 255;

pub(super) fn is_good_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name != "."
        && name != ".."
        && !name.contains(['\0', '/'])
}

/// The names of a path; none if one of them is not allowed. "" and "/" have no names.
pub(super) fn split(path: &str) -> Option<Vec<Name>> {
    let rest = path.strip_prefix('/').unwrap_or(path);
    if rest.is_empty() {
        return Some(Vec::new());
    }
    rest.split('/').map(|name| is_good_name(name).then(|| Arc::from(name))).collect()
}

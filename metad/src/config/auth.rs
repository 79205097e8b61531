//! Whom a node serves: the table `[auth]` and the files of tokens that it names.

use std::path::{Path, PathBuf};

use metad_proto::auth::Token;
use serde::Deserialize;

use super::{ConfigError, error};

/// The tokens that a node accepts. Of each kind there are several while they are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// Of those who may do everything.
    pub admin: Vec<Token>,
    /// Of the nodes of the cluster.
    pub peer: Vec<Token>,
}

/// The table as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    #[serde(default)]
    required: bool,
    admin_token_file: Option<PathBuf>,
    peer_token_file: Option<PathBuf>,
}

/// What the table says.
pub(super) struct Checked {
    /// Whom this node serves; None: everybody.
    pub required: Option<Auth>,
    /// What it shows to the other nodes.
    pub shown: Option<Token>,
}

pub(super) fn check(raw: &Raw, folder: &Path) -> Result<Checked, ConfigError> {
    let admin = tokens("auth.admin_token_file", raw.admin_token_file.as_deref(), folder)?;
    let peer = tokens("auth.peer_token_file", raw.peer_token_file.as_deref(), folder)?;
    let shown = peer.as_ref().and_then(|peer| peer.first().cloned());
    if !raw.required {
        return Ok(Checked { required: None, shown });
    }
    let needed = |key: &str| {
        ConfigError(format!("auth.required: it needs auth.{key} = \"FILE\", a file with a token"))
    };
    let admin = admin.ok_or_else(|| needed("admin_token_file"))?;
    let peer = peer.ok_or_else(|| needed("peer_token_file"))?;
    if admin.iter().any(|token| peer.contains(token)) {
        return error(
            "auth.admin_token_file: a token in it is in auth.peer_token_file, too: make another \
             one for either",
        );
    }
    Ok(Checked { required: Some(Auth { admin, peer }), shown })
}

fn tokens(
    key: &str,
    file: Option<&Path>,
    folder: &Path,
) -> Result<Option<Vec<Token>>, ConfigError> {
    let Some(file) = file else { return Ok(None) };
    let file = folder.join(file);
    let read = Token::read_file(&file);
    read.map(Some).or_else(|why| error(format!("{key}: {}: {why}", file.display())))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const ADMIN: &str = "adminadminadminadminadminadmin00";
    const PEER: &str = "peerpeerpeerpeerpeerpeerpeerpeer";

    fn raw(required: bool, admin: Option<&str>, peer: Option<&str>) -> Raw {
        let path = |file: Option<&str>| file.map(PathBuf::from);
        Raw { required, admin_token_file: path(admin), peer_token_file: path(peer) }
    }

    fn refused(raw: &Raw, folder: &Path) -> String {
        let Err(ConfigError(why)) = check(raw, folder) else { panic!("it is accepted") };
        assert!(!why.contains(ADMIN) && !why.contains(PEER), "{why}");
        why
    }

    #[test]
    fn tokens_are_read_and_never_shown() {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("admin"), format!("{ADMIN}\n")).expect("write");
        fs::write(folder.path().join("peer"), format!("{PEER}\n\n{PEER}2\n")).expect("write");
        let on = raw(true, Some("admin"), Some("peer"));
        let Ok(Checked { required: Some(auth), shown }) = check(&on, folder.path()) else {
            panic!("it is required");
        };
        assert_eq!((auth.admin.len(), auth.peer.len()), (1, 2));
        assert_eq!(shown.as_ref(), auth.peer.first());
        assert!(!format!("{auth:?}").contains(PEER));
    }

    #[test]
    fn a_node_that_asks_nobody_still_shows_its_token() {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("peer"), PEER).expect("write");
        let Ok(checked) = check(&raw(false, None, Some("peer")), folder.path()) else {
            panic!("it is fine");
        };
        assert!(checked.required.is_none() && checked.shown.is_some());
    }

    #[test]
    fn mistakes_name_the_key() {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("admin"), ADMIN).expect("write");
        fs::write(folder.path().join("bad"), format!("{PEER}\nshort\n")).expect("write");
        let path = folder.path();
        assert!(refused(&raw(true, None, None), path).contains("auth.admin_token_file"));
        assert!(refused(&raw(true, Some("admin"), None), path).contains("auth.peer_token_file"));
        let missing = refused(&raw(true, Some("admin"), Some("none")), path);
        assert!(missing.starts_with("auth.peer_token_file: "), "{missing}");
        assert!(refused(&raw(true, Some("admin"), Some("bad")), path).contains("line 2"));
        assert!(refused(&raw(true, Some("admin"), Some("admin")), path).contains("another"));
    }
}

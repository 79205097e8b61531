//! What goes wrong with backups: each says what to do.

/// Why something with a backup was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What names the place is wrong.
    #[error("{place}: {why}: give a folder, or s3://BUCKET/FOLDER")]
    NoPlace {
        /// As it was given.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// The place does not do what it is asked for.
    #[error("{action} {name} in {place}: {source}")]
    Place {
        /// Read, write or list.
        action: &'static str,
        /// Which file or folder there.
        name: String,
        /// The place.
        place: String,
        /// What it says.
        source: Box<object_store::Error>,
    },
    /// There is no such backup.
    #[error("{place}: {why}: see `metactl backup list {place}`")]
    NoBackup {
        /// Where.
        place: String,
        /// None at all, or none of a name.
        why: String,
    },
    /// What is there is not what was written.
    #[error(
        "{name} in {place} is damaged: {why}. Restore an earlier backup that `metactl backup \
         verify` finds sound; and remove this file, so that the next backup writes what is \
         needed of it again"
    )]
    Damaged {
        /// Which file.
        name: String,
        /// Where.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// The node did not tell what it said it would.
    #[error("the node told a wrong state: {0}. Nothing was kept: back up from another node")]
    Told(String),
    /// A backup of a later version.
    #[error("{name}: it has format {found}, this version reads {known}: use the one that made it")]
    Format {
        /// Which backup.
        name: String,
        /// Its format.
        found: u32,
        /// What is read here.
        known: u32,
    },
    /// Whoever takes the records refuses one.
    #[error("{0}")]
    Refused(String),
}

impl Error {
    /// There is no such file.
    pub(crate) fn is_not_found(&self) -> bool {
        let Error::Place { source, .. } = self else { return false };
        matches!(**source, object_store::Error::NotFound { .. })
    }
}

//! Where backups are kept: a folder, or a bucket of an object store with the S3 API.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::SystemTime};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::{
    ObjectStore, ObjectStoreExt as _, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path as Key, prefix::PrefixStore,
};
use url::Url;

use crate::{Error, Result};

/// See the module. Clones are the same place.
#[derive(Clone)]
pub struct Place {
    store: Arc<dyn ObjectStore>,
    shown: String,
}

impl Place {
    /// A place that is there.
    ///
    /// # Errors
    /// If there is no such folder, or the name makes no sense.
    pub fn open(place: &str) -> Result<Place> {
        let store = match place.contains("://") {
            true => bucket(place),
            false => folder(Path::new(place)),
        };
        let store = store.map_err(|why| Error::NoPlace { place: place.to_owned(), why })?;
        Ok(Place { store, shown: place.to_owned() })
    }

    /// A place to write to: a folder is made if it is not there.
    ///
    /// # Errors
    /// As [`Place::open`].
    pub fn create(place: &str) -> Result<Place> {
        if !place.contains("://") {
            fs::create_dir_all(place).map_err(|error| Error::NoPlace {
                place: place.to_owned(),
                why: error.to_string(),
            })?;
        }
        Place::open(place)
    }

    /// As it was given.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Reads a file.
    pub(crate) async fn get(&self, name: &str) -> Result<Bytes> {
        let read = async { self.store.get(&Key::from(name)).await?.bytes().await };
        read.await.map_err(|source| self.failed("read", name, source))
    }

    /// Writes a file: all of it is there afterwards, on disk, or none.
    pub(crate) async fn put(&self, name: &str, content: Bytes) -> Result<()> {
        let written = self.store.put(&Key::from(name), content.into()).await;
        written.map(drop).map_err(|source| self.failed("write", name, source))
    }

    /// All files in a folder, by their names in the place, and when each was written.
    pub(crate) async fn list(&self, folder: &str) -> Result<BTreeMap<String, SystemTime>> {
        let key = Key::from(folder);
        let found: Vec<_> = self
            .store
            .list(Some(&key))
            .try_collect()
            .await
            .map_err(|source| self.failed("list", folder, source))?;
        let written = |meta: object_store::ObjectMeta| {
            (meta.location.to_string(), SystemTime::from(meta.last_modified))
        };
        Ok(found.into_iter().map(written).collect())
    }

    fn failed(&self, action: &'static str, name: &str, source: object_store::Error) -> Error {
        let (name, place, source) = (name.to_owned(), self.shown.clone(), Box::new(source));
        Error::Place { action, name, place, source }
    }

    pub(crate) fn damaged(&self, name: &str, why: impl Into<String>) -> Error {
        Error::Damaged { name: name.to_owned(), place: self.shown.clone(), why: why.into() }
    }
}

/// What is written here is on disk: a backup that is gone with the power was none.
fn folder(path: &Path) -> std::result::Result<Arc<dyn ObjectStore>, String> {
    let store = LocalFileSystem::new_with_prefix(path).map_err(|_| {
        let is_there = path.exists();
        if is_there { "it is not a folder that can be read" } else { "there is no such folder" }
    })?;
    Ok(Arc::new(store.with_fsync(true)))
}

/// Keys, region and endpoint come from the environment: `AWS_ACCESS_KEY_ID` and so on.
fn bucket(place: &str) -> std::result::Result<Arc<dyn ObjectStore>, String> {
    let url = Url::parse(place).map_err(|error| error.to_string())?;
    if url.scheme() != "s3" {
        return Err(format!("{}:// is not known", url.scheme()));
    }
    // An error says that there is one already: that of another place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = AmazonS3Builder::from_env().with_url(place).build();
    let store = store.map_err(|error| error.to_string())?;
    let key = Key::from_url_path(url.path()).map_err(|error| error.to_string())?;
    Ok(Arc::new(PrefixStore::new(store, key)))
}

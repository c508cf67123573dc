//! Files by their content: named by their SHA-256, on disk or behind any S3 API.
//!
//! `Blobs::open` takes a folder or `s3://bucket/prefix`. A file is put before the row that names
//! it is written, so a row never names nothing; what no row names is an orphan, swept once it is
//! a day old.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{Fault, Refusal, Result, Timestamp};

/// The store of files; cloned freely.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

/// A file as the store lists it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// When it was put last.
    pub put_at: Timestamp,
}

/// What was found where a file should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The file, as it was kept.
    Sound,
    /// Nothing.
    Missing,
    /// Something else: its content is not what its name says.
    Changed,
}

/// The SHA-256 of `bytes`, in hexadecimal: the name of a file.
#[must_use]
pub fn name_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl Blobs {
    /// Files in `folder`, made where it is missing.
    ///
    /// # Errors
    /// A fault where the folder cannot be used.
    pub fn local(folder: &Path) -> Result<Self, Fault> {
        std::fs::create_dir_all(folder)
            .map_err(|e| Fault::new(format!("{}: {e}", folder.display())))?;
        let store = object_store::local::LocalFileSystem::new_with_prefix(folder)
            .map_err(|e| fault(&e))?
            .with_fsync(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// Files where `place` says: a folder, or `s3://bucket/prefix` at any server that speaks S3.
    /// Its address and keys come from the environment (`AWS_ENDPOINT`, `AWS_REGION`,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ALLOW_HTTP` ...).
    ///
    /// # Errors
    /// A fault where the folder cannot be used or the settings do not suffice.
    pub fn open(place: &str) -> Result<Self, Fault> {
        let Some(rest) = place.strip_prefix("s3://") else {
            return Self::local(Path::new(place));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let store =
            AmazonS3Builder::from_env().with_bucket_name(bucket).build().map_err(|e| fault(&e))?;
        Ok(match prefix.trim_matches('/') {
            "" => Self { store: Arc::new(store) },
            prefix => Self { store: Arc::new(PrefixStore::new(store, prefix)) },
        })
    }

    /// Keeps `bytes`; returns their name. Keeping the same bytes twice keeps them once, and makes
    /// them young again, so that they are not swept before the second row is written.
    ///
    /// # Errors
    /// A fault of the disk or the peer.
    pub async fn put(&self, bytes: Bytes) -> Result<String> {
        let name = name_of(&bytes);
        self.store.put(&key(&name)?, bytes.into()).await.map_err(|e| fault(&e))?;
        Ok(name)
    }

    /// All files, in no order.
    #[must_use]
    pub fn list(&self) -> BoxStream<'static, Result<Kept, Fault>> {
        let found = self.store.list(None).map(|found| match found {
            Ok(meta) => Ok(Kept {
                name: meta.location.filename().unwrap_or_default().to_owned(),
                size: meta.size,
                put_at: Timestamp::from_micros(meta.last_modified.timestamp_micros()),
            }),
            Err(error) => Err(fault(&error)),
        });
        found.boxed()
    }

    /// When the file called `name` was put last, where there is one.
    ///
    /// # Errors
    /// A fault of the disk or the peer.
    pub async fn put_at(&self, name: &str) -> Result<Option<Timestamp>> {
        match self.store.head(&key(name)?).await {
            Ok(meta) => Ok(Some(Timestamp::from_micros(meta.last_modified.timestamp_micros()))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(fault(&error).into()),
        }
    }

    /// The file called `name`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none, or a fault.
    pub async fn get(&self, name: &str) -> Result<Bytes> {
        match self.store.get(&key(name)?).await {
            Ok(found) => Ok(found.bytes().await.map_err(|e| fault(&e))?),
            Err(object_store::Error::NotFound { .. }) => Err(Refusal::NotFound.into()),
            Err(error) => Err(fault(&error).into()),
        }
    }

    /// Reads the file called `name` to its end, a piece at a time, and tells whether it is what its
    /// name says.
    ///
    /// # Errors
    /// A fault of the disk or the peer.
    pub async fn look_at(&self, name: &str) -> Result<Found, Fault> {
        // What is no name of a file names nothing.
        let Ok(key) = key(name) else { return Ok(Found::Missing) };
        let mut pieces = match self.store.get(&key).await {
            Ok(found) => found.into_stream(),
            Err(object_store::Error::NotFound { .. }) => return Ok(Found::Missing),
            Err(error) => return Err(fault(&error)),
        };
        let mut hash = Sha256::new();
        while let Some(piece) = pieces.next().await {
            hash.update(piece.map_err(|e| fault(&e))?);
        }
        let is_sound = hex::encode(hash.finalize()) == name;
        Ok(if is_sound { Found::Sound } else { Found::Changed })
    }

    /// Forgets the file called `name`, where there is one.
    ///
    /// # Errors
    /// A fault of the disk or the peer.
    pub async fn delete(&self, name: &str) -> Result<()> {
        match self.store.delete(&key(name)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(fault(&error).into()),
        }
    }
}

/// Where a file lies: two levels of folders, so that no folder grows large.
fn key(name: &str) -> Result<Key> {
    let sound = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
    if !sound {
        return Err(Refusal::NotFound.into());
    }
    Ok(Key::from(format!("{}/{}/{name}", &name[..2], &name[2..4])))
}

#[track_caller]
fn fault(error: &object_store::Error) -> Fault {
    let full = error.to_string().contains("No space left");
    let kind = if full { FaultKind::Full } else { FaultKind::Unavailable };
    Fault::new(format!("files: {error}")).of(kind)
}

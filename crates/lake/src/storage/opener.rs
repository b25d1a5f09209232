//! Opens files one after the other.

use std::fs::File;
use std::io;

use bytes::Bytes;
use saltmine_s3::{Body, Object, Prefetcher};

use crate::error::LakeError;

/// The content of a file, read at once or in parts.
pub(crate) enum Content {
    Disk(File),
    Memory(Bytes),
}

/// Opens files one after the other; those in S3 are prefetched.
pub(crate) enum Opener {
    /// The file at an index.
    Disk(Box<dyn Fn(usize) -> Result<File, LakeError> + Send + Sync>),
    Bucket(Prefetcher),
}

impl Opener {
    /// An opener for objects.
    pub(crate) fn ahead(objects: Vec<Object>) -> Result<Self, LakeError> {
        Ok(Self::Bucket(Prefetcher::start(objects.into_iter().enumerate().collect())?))
    }

    /// The file at this index in the list given.
    pub(crate) fn open(&self, index: usize) -> Result<Content, LakeError> {
        match self {
            Self::Disk(open) => Ok(Content::Disk(open(index)?)),
            Self::Bucket(ahead) => match ahead.take(index)? {
                Body::Whole { content, .. } => Ok(Content::Memory(content)),
                Body::Large(object) => {
                    let copy = || {
                        let mut file = tempfile::tempfile()?;
                        io::copy(&mut object.reader(), &mut file)?;
                        Ok(file)
                    };
                    Ok(Content::Disk(copy().map_err(LakeError::io("read", object.url().as_ref()))?))
                }
            },
        }
    }
}

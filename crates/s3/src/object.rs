//! Objects, and a reader for large ones.

use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use bytes::{Buf, Bytes};

use crate::bucket::Bucket;
use crate::error::S3Error;
use crate::runtime;
use crate::url::S3Url;

/// Bytes of a large object per request.
pub const RANGE_BYTES: u64 = 8 << 20;

/// Objects up to this size are read by a single request. Larger ones are read in parts, on demand.
pub const MAX_WHOLE_READ: u64 = 16 << 20;

/// An object, as listed.
#[derive(Clone, Debug)]
pub struct Object {
    /// The bucket of the object.
    pub bucket: Arc<Bucket>,
    /// The key, verbatim.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// Changes whenever the content changes; includes its quotes.
    pub etag: Option<String>,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        let of = |object: &Self| (object.bucket.name().to_owned(), object.key.clone(), object.etag.clone());
        of(self) == of(other)
    }
}

impl Eq for Object {}

impl Object {
    /// `s3://bucket/key`.
    pub fn url(&self) -> String {
        S3Url { bucket: self.bucket.name().to_owned(), key: self.key.clone() }.to_string()
    }

    /// The number of requests needed to read the object.
    pub fn gets(&self) -> u64 {
        if self.size <= MAX_WHOLE_READ { 1 } else { self.size.div_ceil(RANGE_BYTES) }
    }

    /// Reads the object part by part, always one part ahead.
    pub fn reader(&self) -> ObjectReader {
        ObjectReader { object: self.clone(), position: 0, next: None, part: Bytes::new() }
    }
}

/// Reads a large object. It is an error if the object changes in the meantime.
#[derive(Debug)]
pub struct ObjectReader {
    object: Object,
    /// Bytes requested so far.
    position: u64,
    next: Option<Receiver<Result<Bytes, S3Error>>>,
    part: Bytes,
}

impl ObjectReader {
    fn request_next(&mut self) -> Result<(), S3Error> {
        let range = self.position..self.object.size.min(self.position + RANGE_BYTES);
        if range.is_empty() {
            return Ok(());
        }
        self.position = range.end;
        let (sender, part) = sync_channel(1);
        let Object { bucket, key, etag, .. } = self.object.clone();
        let handle = runtime::handle().map_err(S3Error::at("read", bucket.name(), &key))?;
        handle.spawn(async move {
            let got = bucket.get_range(&key, range, etag.as_deref()).await;
            let _ = sender.send(got); // the receiver may be gone
        });
        self.next = Some(part);
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.part.is_empty() {
            if self.next.is_none() {
                self.request_next().map_err(std::io::Error::other)?;
            }
            let Some(next) = self.next.take() else { return Ok(0) };
            let part = next.recv().map_err(|_| std::io::Error::other("the request was lost"))?;
            self.part = part.map_err(std::io::Error::other)?;
            self.request_next().map_err(std::io::Error::other)?;
        }
        let count = out.len().min(self.part.len());
        self.part.copy_to_slice(&mut out[..count]);
        Ok(count)
    }
}

//! An object, and what reads a large one.

use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use bytes::{Buf, Bytes};

use crate::bucket::Bucket;
use crate::error::S3Error;
use crate::runtime;
use crate::url::S3Url;

/// Bytes of a large object that are asked for at a time.
pub const RANGE: u64 = 8 << 20;

/// Objects up to this size are read whole, by one request. Larger ones are read part by part when they are taken.
pub const WHOLE: u64 = 16 << 20;

/// An object, as a list has it.
#[derive(Clone, Debug)]
pub struct Object {
    /// Where it is.
    pub bucket: Arc<Bucket>,
    /// Its key, as it is.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// What changes when its content does; with its quotes.
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

    /// How many requests it takes to read it.
    pub fn gets(&self) -> u64 {
        if self.size <= WHOLE { 1 } else { self.size.div_ceil(RANGE) }
    }

    /// Reads it part by part: one is read while the one before is taken.
    pub fn reader(&self) -> ObjectReader {
        ObjectReader { object: self.clone(), asked: 0, next: None, part: Bytes::new() }
    }
}

/// Reads a large object. An object that changes meanwhile is an error.
#[derive(Debug)]
pub struct ObjectReader {
    object: Object,
    /// Bytes that were asked for.
    asked: u64,
    next: Option<Receiver<Result<Bytes, S3Error>>>,
    part: Bytes,
}

impl ObjectReader {
    fn ask(&mut self) -> Result<(), S3Error> {
        let range = self.asked..self.object.size.min(self.asked + RANGE);
        if range.is_empty() {
            return Ok(());
        }
        self.asked = range.end;
        let (sender, part) = sync_channel(1);
        let Object { bucket, key, etag, .. } = self.object.clone();
        let handle = runtime::handle().map_err(S3Error::at("read", bucket.name(), &key))?;
        handle.spawn(async move {
            let got = bucket.get_range(&key, range, etag.as_deref()).await;
            let _ = sender.send(got); // whoever asked may be gone
        });
        self.next = Some(part);
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.part.is_empty() {
            if self.next.is_none() {
                self.ask().map_err(std::io::Error::other)?;
            }
            let Some(next) = self.next.take() else { return Ok(0) };
            let part = next.recv().map_err(|_| std::io::Error::other("the request was lost"))?;
            self.part = part.map_err(std::io::Error::other)?;
            self.ask().map_err(std::io::Error::other)?;
        }
        let count = out.len().min(self.part.len());
        self.part.copy_to_slice(&mut out[..count]);
        Ok(count)
    }
}

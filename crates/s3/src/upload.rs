//! Uploads files on disk as objects.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::WriteMultipart;

use crate::bucket::{Bucket, Condition};
use crate::error::{Problem, S3Error, chain};

/// Files up to this size are uploaded by a single request.
const MAX_WHOLE_UPLOAD: u64 = 8 << 20;
/// Size of a part of a larger file, in bytes.
const PART_BYTES: usize = 8 << 20;
/// The maximum number of parts in flight.
const MAX_PARTS_IN_FLIGHT: usize = 4;

/// Uploads the file at `path`. A large file is uploaded in parts, and the object appears when all parts are
/// complete.
///
/// # Errors
/// If the file cannot be read or the object cannot be written; then there is no object.
pub async fn upload(bucket: &Bucket, path: &Path, key: &str) -> Result<(), S3Error> {
    let at = |problem| S3Error::at("write", bucket.name(), key)(problem);
    let disk = |error: std::io::Error| at(Problem::Other(format!("{}: {error}", path.display())));
    let mut file = File::open(path).map_err(disk)?;
    if file.metadata().map_err(disk)?.len() <= MAX_WHOLE_UPLOAD {
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(disk)?;
        bucket.put(key, Bytes::from(content), Condition::Any).await?;
        return Ok(());
    }
    let to_error = |error: object_store::Error| at(Problem::Other(chain(&error)));
    let location =
        object_store::path::Path::parse(key).map_err(|error| at(Problem::Other(error.to_string())))?;
    let parts = bucket.store().put_multipart(&location).await.map_err(to_error)?;
    let mut writer = WriteMultipart::new_with_chunk_size(parts, PART_BYTES);
    loop {
        let mut part = Vec::with_capacity(PART_BYTES);
        let read = Read::by_ref(&mut file).take(PART_BYTES as u64).read_to_end(&mut part);
        let sent = match read {
            Ok(0) => return writer.finish().await.map(drop).map_err(to_error),
            Ok(_) => writer.wait_for_capacity(MAX_PARTS_IN_FLIGHT).await.map_err(to_error),
            Err(error) => Err(disk(error)),
        };
        if let Err(error) = sent {
            let _ = writer.abort().await; // the first failure is reported, not a failed cleanup
            return Err(error);
        }
        writer.put(Bytes::from(part));
    }
}

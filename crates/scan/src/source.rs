//! A source of log lines.

use std::num::NonZero;
use std::path::PathBuf;

use saltmine_s3::Object;

/// A file or object to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path; `s3://bucket/key` for an object.
    pub path: PathBuf,
    /// Its name in the column `log_file`: the path relative to the given root, with `/`. Invalid UTF-8 bytes
    /// are written as `\xHH`, and a backslash before an `x` as `\x5C`, so different paths have different
    /// names. Standard input is `-`.
    pub name: String,
    /// Whether this is standard input.
    pub stdin: bool,
    /// The S3 object, if this is one.
    pub object: Option<Box<Object>>,
}

impl Source {
    /// A file on disk.
    pub fn file(path: PathBuf, name: String) -> Self {
        Self { path, name, stdin: false, object: None }
    }

    /// Standard input.
    pub fn stdin() -> Self {
        Self { path: PathBuf::from("-"), name: "-".into(), stdin: true, object: None }
    }
}

/// The stored size of each source in bytes, determined by several threads; 0 for standard input and sources
/// whose size is unknown.
pub fn sizes(sources: &[Source]) -> Vec<u64> {
    let mut sizes = vec![0; sources.len()];
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let each = sources.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        for (sources, sizes) in sources.chunks(each).zip(sizes.chunks_mut(each)) {
            scope.spawn(|| {
                for (source, size) in sources.iter().zip(sizes).filter(|(source, _)| !source.stdin) {
                    *size = match &source.object {
                        Some(object) => object.size,
                        None => std::fs::metadata(&source.path).map_or(0, |metadata| metadata.len()),
                    };
                }
            });
        }
    });
    sizes
}

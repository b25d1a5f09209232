//! A source: what is read for records.

use std::num::NonZero;
use std::path::PathBuf;

use saltmine_s3::Object;

/// A file or an object to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it is; `s3://bucket/key` for an object.
    pub path: PathBuf,
    /// Its name in the column `log_file`: the path relative to the given root, with `/`, bytes that are not UTF-8 as
    /// `\xHH`, and a backslash before an `x` as `\x5C`, so that no two paths have the same. Standard input is `-`.
    pub name: String,
    /// Whether it is standard input.
    pub stdin: bool,
    /// The object, if it is one.
    pub object: Option<Box<Object>>,
}

impl Source {
    /// A file of the disk.
    pub fn file(path: PathBuf, name: String) -> Self {
        Self { path, name, stdin: false, object: None }
    }

    /// Standard input.
    pub fn stdin() -> Self {
        Self { path: PathBuf::from("-"), name: "-".into(), stdin: true, object: None }
    }
}

/// Bytes of each source as stored, asked by several threads; 0 for standard input and what cannot be asked.
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

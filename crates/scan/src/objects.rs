//! What to read of S3: objects, folders of objects, globs of keys.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use globset::{GlobBuilder, GlobMatcher};
use saltmine_s3::{Ahead, Bucket, Look, Object, S3Error, S3Url, Sieve, list, wait};

use crate::error::SourceError;
use crate::name::{folder_time_range, name_time_range};
use crate::source::{Source, Window};

/// Finds the objects that `path` names: an object; else all below the folder `path/`; else all whose keys begin so, as
/// the prefix of a log's delivery need not end with a slash; or those of a glob.
///
/// # Errors
/// If there are none, or they cannot be listed. That `window` leaves none is no error.
pub(crate) fn discover(path: &str, window: Window, sources: &mut Vec<Source>) -> Result<(), SourceError> {
    let url = S3Url::parse(path).ok_or_else(|| SourceError::Url(path.to_owned()))?;
    let pattern =
        url.key.find(['*', '?', '[', '{']).map(|at| url.key[..at].rfind('/').map_or(0, |slash| slash + 1));
    let is_glob = pattern.is_some();
    let found = match pattern {
        None => wait(find(url.clone(), window))?,
        Some(fixed) => {
            let matcher = GlobBuilder::new(&url.key).literal_separator(true).build();
            let matcher = matcher.map_err(|error| SourceError::Glob {
                pattern: path.to_owned(),
                message: error.to_string(),
            })?;
            let sieve = Wanted::new(window, Some(matcher.compile_matcher()));
            wait(below(url.bucket.clone(), url.key[..fixed].to_owned(), sieve))?
        }
    };
    let Found { objects, named, root } = found;
    sources.extend(objects.into_iter().map(|object| source(object, &root)));
    match named {
        0 if is_glob => Err(SourceError::Empty(path.to_owned())),
        0 => Err(SourceError::NoObjects(path.to_owned())),
        _ => Ok(()),
    }
}

/// Begins to read the objects among some of the sources, which are called by their places in `sources` and taken about in
/// this order; `None` if there are none.
///
/// # Errors
/// If there are no threads for it.
pub fn read_ahead(
    sources: &[Source],
    order: impl IntoIterator<Item = usize>,
) -> Result<Option<Ahead>, S3Error> {
    let object = |index: usize| Some((index, Object::clone(sources.get(index)?.object.as_ref()?)));
    let objects: Vec<_> = order.into_iter().filter_map(object).collect();
    if objects.is_empty() { Ok(None) } else { Ahead::start(objects).map(Some) }
}

/// The source that an object is, with its name relative to `root`.
fn source(object: Object, root: &str) -> Source {
    let name =
        object.key.strip_prefix(root).filter(|name| !name.is_empty()).unwrap_or(&object.key).to_owned();
    Source { path: PathBuf::from(object.url()), name, is_stdin: false, object: Some(Box::new(object)) }
}

struct Found {
    objects: Vec<Object>,
    /// How many the path names, and folders that were not listed.
    named: u64,
    /// What names of sources are relative to.
    root: String,
}

async fn find(url: S3Url, window: Window) -> Result<Found, S3Error> {
    let sieve = || Wanted::new(window, None);
    if url.folder() == url.key {
        return below(url.bucket, url.key, sieve()).await;
    }
    let bucket = Bucket::open(&url.bucket)?;
    if let Some(object) = bucket.first(&url.key).await?.filter(|object| object.key == url.key) {
        let root = url.key[..url.key.rfind('/').map_or(0, |slash| slash + 1)].to_owned();
        return Ok(Found { objects: vec![object], named: 1, root });
    }
    let found = below(url.bucket.clone(), url.folder(), sieve()).await?;
    if found.named > 0 {
        return Ok(found);
    }
    let root = url.key[..url.key.rfind('/').map_or(0, |slash| slash + 1)].to_owned();
    let found = below(url.bucket, url.key, sieve()).await?;
    Ok(Found { root, ..found })
}

async fn below(bucket: String, prefix: String, sieve: Wanted) -> Result<Found, S3Error> {
    let root = prefix.clone();
    let sieve = Arc::new(sieve);
    let objects = list(Bucket::open(&bucket)?, prefix, Arc::clone(&sieve) as Arc<dyn Sieve>).await?;
    Ok(Found { objects, named: sieve.named.load(Ordering::Relaxed), root })
}

/// Objects that may hold requests of the window, of the glob if there is one.
struct Wanted {
    window: Window,
    glob: Option<GlobMatcher>,
    named: AtomicU64,
}

impl Wanted {
    fn new(window: Window, glob: Option<GlobMatcher>) -> Self {
        Self { window, glob, named: AtomicU64::new(0) }
    }
}

impl Sieve for Wanted {
    fn folder(&self, key: &str) -> Look {
        match folder_time_range(key) {
            Some(folder) if !self.window.may_hold(Some(folder.range)) => {
                self.named.fetch_add(1, Ordering::Relaxed);
                Look::Skip
            }
            Some(folder) if folder.is_day => Look::Flat,
            Some(_) => Look::Walk,
            None => Look::MayWalk,
        }
    }

    fn object(&self, key: &str) -> bool {
        let is_named = self.glob.as_ref().is_none_or(|glob| glob.is_match(key));
        self.named.fetch_add(u64::from(is_named), Ordering::Relaxed);
        is_named && self.window.may_hold(name_time_range(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{SLACK_AFTER, SLACK_BEFORE};

    /// 2026-05-10T00:00:00Z and a day, in microseconds.
    const MAY_10: i64 = 1_778_371_200_000_000;
    const DAY: i64 = 86_400_000_000;

    #[test]
    fn days_that_cannot_hold_what_is_wanted_are_not_listed() {
        let window = Window { since: Some(MAY_10), until: Some(MAY_10 + DAY) };
        let wanted = Wanted::new(window, None);
        for (key, look) in [
            ("logs/", Look::MayWalk),
            ("logs/111122223333/eu-west-1/bucket/", Look::MayWalk),
            ("logs/111122223333/eu-west-1/bucket/2025/", Look::Skip),
            ("logs/111122223333/eu-west-1/bucket/2026/", Look::Walk),
            ("logs/111122223333/eu-west-1/bucket/2026/04/", Look::Skip),
            ("logs/111122223333/eu-west-1/bucket/2026/05/", Look::Walk),
            ("logs/111122223333/eu-west-1/bucket/2026/06/", Look::Skip),
            ("logs/111122223333/eu-west-1/bucket/2026/05/08/", Look::Skip),
            // Clocks differ, so that a request of the last hour may stand in the day before.
            ("logs/111122223333/eu-west-1/bucket/2026/05/09/", Look::Flat),
            ("logs/111122223333/eu-west-1/bucket/2026/05/10/", Look::Flat),
            ("logs/111122223333/eu-west-1/bucket/2026/05/17/", Look::Flat),
            ("logs/111122223333/eu-west-1/bucket/2026/05/18/", Look::Skip),
            ("logs/111122223333/eu-west-1/bucket/2026/05/32/", Look::MayWalk),
        ] {
            assert_eq!(wanted.folder(key), look, "{key}");
        }
        const { assert!(SLACK_BEFORE == 7 * DAY && SLACK_AFTER < DAY) };
    }

    #[test]
    fn objects_are_wanted_by_time_and_glob() {
        let glob =
            GlobBuilder::new("a/*-B*").literal_separator(true).build().map(|glob| glob.compile_matcher());
        let wanted = Wanted::new(Window { since: Some(MAY_10), until: None }, glob.ok());
        assert!(wanted.object("a/2026-05-10-10-20-30-BBBBBBBBBBBBBBBB"));
        assert!(!wanted.object("a/2026-05-09-10-20-30-BBBBBBBBBBBBBBBB"));
        assert!(!wanted.object("a/2026-05-10-10-20-30-CCCCCCCCCCCCCCCC"));
        assert!(wanted.object("a/what-B"));
        assert!(!wanted.object("a/b/what-B"));
    }
}

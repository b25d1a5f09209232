//! Finds sources in S3: objects, folders of objects, globs of keys.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use globset::{GlobBuilder, GlobMatcher};
use saltmine_s3::{
    Bucket, FolderAction, KeyRange, ListFilter, Object, Prefetcher, S3Error, S3Url, list, wait,
};

use crate::error::SourceError;
use crate::object_name::{day_of, folder_time_range, key_time_range, month_range};
use crate::source::Source;
use crate::window::{NameTrust, SkippedFiles, Window};

/// Characters that turn a key into a glob, unless preceded by a backslash.
const WILDCARDS: [char; 4] = ['*', '?', '[', '{'];
/// Characters that a backslash makes literal. Before any other character, the backslash is literal.
const ESCAPABLE: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// Finds the objects that `path` names: the object itself; otherwise all objects below the folder `path/`;
/// otherwise all objects whose keys have this prefix, because the prefix of a log delivery need not end with
/// a slash; or the objects that match a glob.
///
/// # Errors
/// If there are none, or they cannot be listed. It is not an error if `window` leaves none.
pub(crate) fn discover(
    path: &str,
    window: Window,
    sources: &mut Vec<Source>,
    left_out: &mut SkippedFiles,
) -> Result<(), SourceError> {
    let url = S3Url::parse(path).ok_or_else(|| SourceError::Url(path.to_owned()))?;
    let key = Key::from_typed(&url.key);
    let FoundObjects { objects, named, root, objects_left, periods_left } = if key.glob {
        let matcher = GlobBuilder::new(&key.pattern).literal_separator(true).backslash_escape(true).build();
        let matcher = matcher
            .map_err(|error| SourceError::Glob { pattern: path.to_owned(), message: error.to_string() })?;
        let filter = ObjectFilter::new(window, Some(matcher.compile_matcher()));
        wait(below(url.bucket, key.literal, filter))?
    } else {
        wait(find(S3Url { key: key.literal, ..url }, window))?
    };
    sources.extend(objects.into_iter().map(|object| source(object, &root)));
    left_out.objects += objects_left;
    left_out.periods += periods_left;
    match named {
        0 if key.glob => Err(SourceError::Empty { path: path.to_owned(), hidden: 0 }),
        0 => Err(SourceError::NoObjects(path.to_owned())),
        _ => Ok(()),
    }
}

/// A key as typed: `\*` is a star, `*` any text.
struct Key {
    /// The text up to the first wildcard, unescaped.
    literal: String,
    /// The whole key as a glob.
    pattern: String,
    glob: bool,
}

impl Key {
    fn from_typed(typed: &str) -> Self {
        let (mut literal, mut pattern, mut is_glob) = (String::new(), String::new(), false);
        let mut characters = typed.chars().peekable();
        while let Some(character) = characters.next() {
            let escaped = (character == '\\').then(|| characters.next_if(|next| ESCAPABLE.contains(next)));
            let ordinary = escaped.map(|escaped| escaped.unwrap_or('\\'));
            is_glob |= ordinary.is_none() && WILDCARDS.contains(&character);
            if !is_glob {
                literal.push(ordinary.unwrap_or(character));
            }
            match ordinary {
                Some(ordinary) => pattern.extend(['\\', ordinary]),
                None => pattern.push(character),
            }
        }
        Self { literal, pattern, glob: is_glob }
    }
}

/// Starts prefetching the objects among some of the sources. The caller refers to them by their index in
/// `sources` and takes them roughly in this order. `None` if there are no objects.
///
/// # Errors
/// If no threads can be started.
pub fn prefetch(
    sources: &[Source],
    order: impl IntoIterator<Item = usize>,
) -> Result<Option<Prefetcher>, S3Error> {
    prefetch_sharing(sources, order, 1)
}

/// Like [`prefetch`], if `share` readers running at the same time share one memory budget.
///
/// # Errors
/// See [`prefetch`].
pub fn prefetch_sharing(
    sources: &[Source],
    order: impl IntoIterator<Item = usize>,
    share: usize,
) -> Result<Option<Prefetcher>, S3Error> {
    let object = |index: usize| Some((index, Object::clone(sources.get(index)?.object.as_ref()?)));
    let objects: Vec<_> = order.into_iter().filter_map(object).collect();
    if objects.is_empty() { Ok(None) } else { Prefetcher::start_sharing(objects, share).map(Some) }
}

/// The source for an object, with its name relative to `root`.
fn source(object: Object, root: &str) -> Source {
    let name =
        object.key.strip_prefix(root).filter(|name| !name.is_empty()).unwrap_or(&object.key).to_owned();
    Source { path: PathBuf::from(object.url()), name, stdin: false, object: Some(Box::new(object)) }
}

struct FoundObjects {
    objects: Vec<Object>,
    /// The number of objects that the path names, plus folders that were not listed.
    named: u64,
    /// The folder that source names are relative to.
    root: String,
    /// Objects that were listed but skipped because of their keys.
    objects_left: u64,
    /// Folders and months that were not listed.
    periods_left: u64,
}

/// The folder of a key, with its slash.
fn root_of(key: &str) -> String {
    key[..key.rfind('/').map_or(0, |slash| slash + 1)].to_owned()
}

async fn find(url: S3Url, window: Window) -> Result<FoundObjects, S3Error> {
    let filter = || ObjectFilter::new(window, None);
    if url.folder() == url.key {
        return below(url.bucket, url.key, filter()).await;
    }
    let bucket = Bucket::open(&url.bucket)?;
    if let Some(object) = bucket.first(&url.key).await?.filter(|object| object.key == url.key) {
        // An object that is named explicitly is always read, whatever the time in its key.
        let root = root_of(&url.key);
        return Ok(FoundObjects { objects: vec![object], named: 1, root, objects_left: 0, periods_left: 0 });
    }
    let found = below(url.bucket.clone(), url.folder(), filter()).await?;
    if found.named > 0 {
        return Ok(found);
    }
    below(url.bucket, url.key, filter()).await
}

/// The objects whose keys begin with `prefix`. Their names are relative to the folder in which the prefix
/// ends.
async fn below(bucket: String, prefix: String, filter: ObjectFilter) -> Result<FoundObjects, S3Error> {
    let root = root_of(&prefix);
    let filter = Arc::new(filter);
    let objects = list(Bucket::open(&bucket)?, prefix, Arc::clone(&filter) as Arc<dyn ListFilter>).await?;
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    Ok(FoundObjects {
        objects,
        named: count(&filter.named),
        root,
        objects_left: count(&filter.objects_left),
        periods_left: count(&filter.periods_left),
    })
}

/// Selects objects that may contain requests in the window and that match the glob, if there is one.
struct ObjectFilter {
    window: Window,
    glob: Option<GlobMatcher>,
    named: AtomicU64,
    objects_left: AtomicU64,
    periods_left: AtomicU64,
}

impl ObjectFilter {
    fn new(window: Window, glob: Option<GlobMatcher>) -> Self {
        let zero = AtomicU64::default;
        Self { window, glob, named: zero(), objects_left: zero(), periods_left: zero() }
    }

    fn is_outside(&self, delivered: Option<(i64, i64)>) -> bool {
        self.window.names.trust != NameTrust::Nothing && !self.window.may_hold(delivered)
    }

    fn count_skipped_period(&self) {
        self.named.fetch_add(1, Ordering::Relaxed);
        self.periods_left.fetch_add(1, Ordering::Relaxed);
    }
}

impl ListFilter for ObjectFilter {
    fn folder(&self, key: &str) -> FolderAction {
        match folder_time_range(key) {
            Some(folder) if self.is_outside(Some(folder.range)) => {
                self.count_skipped_period();
                FolderAction::Skip
            }
            Some(folder) if folder.day => FolderAction::ListFlat,
            Some(_) => FolderAction::Descend,
            None => FolderAction::DescendIfFew,
        }
    }

    fn object(&self, key: &str) -> bool {
        if self.glob.as_ref().is_some_and(|glob| !glob.is_match(key)) {
            return false;
        }
        self.named.fetch_add(1, Ordering::Relaxed);
        let is_left = self.is_outside(key_time_range(key).map(|(range, _)| range));
        self.objects_left.fetch_add(u64::from(is_left), Ordering::Relaxed);
        !is_left
    }

    fn unwanted_date(&self, key: &str) -> Option<usize> {
        let (range, date) = key_time_range(key)?;
        self.is_outside(Some(range)).then_some(date)
    }

    fn month(&self, prefix: &str) -> KeyRange {
        let Some(month) = month_range(prefix) else { return KeyRange::Between(None, None) };
        if self.is_outside(Some(month)) {
            self.count_skipped_period();
            return KeyRange::Skip;
        }
        let start = prefix.len() - "2026-05-".len();
        let key = |time: Option<i64>| Some(format!("{}{}", &prefix[..start], day_of(time?)?));
        let (first, last) = self.window.delivery();
        // Keys of a day sort after the bare date, and keys of the last day sort before the next date.
        let next = |last: i64| last.checked_add(crate::window::DAY);
        KeyRange::Between(key(first), key(last.and_then(next)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::window::{DAY, DELIVERY_DELAY, NameRules};

    /// 2026-05-10T00:00:00Z, in microseconds.
    const MAY_10: i64 = 1_778_371_200_000_000;

    fn wanted(trust: NameTrust) -> ObjectFilter {
        let names = NameRules { trust, ..NameRules::default() };
        let window = Window { since: Some(MAY_10), until: Some(MAY_10 + DAY), names };
        ObjectFilter::new(window, None)
    }

    #[test]
    fn days_outside_the_window_are_not_listed() {
        let by_name = wanted(NameTrust::S3);
        for (key, look) in [
            ("logs/", FolderAction::DescendIfFew),
            ("logs/111122223333/eu-west-1/bucket/", FolderAction::DescendIfFew),
            ("logs/111122223333/eu-west-1/bucket/2025/", FolderAction::Skip),
            ("logs/111122223333/eu-west-1/bucket/2026/", FolderAction::Descend),
            ("logs/111122223333/eu-west-1/bucket/2026/04/", FolderAction::Skip),
            ("logs/111122223333/eu-west-1/bucket/2026/05/", FolderAction::Descend),
            ("logs/111122223333/eu-west-1/bucket/2026/06/", FolderAction::Skip),
            ("logs/111122223333/eu-west-1/bucket/2026/05/08/", FolderAction::Skip),
            // Clocks differ: a request of the last hour may be in the folder of the day before.
            ("logs/111122223333/eu-west-1/bucket/2026/05/09/", FolderAction::ListFlat),
            ("logs/111122223333/eu-west-1/bucket/2026/05/10/", FolderAction::ListFlat),
            ("logs/111122223333/eu-west-1/bucket/2026/05/24/", FolderAction::ListFlat),
            ("logs/111122223333/eu-west-1/bucket/2026/05/25/", FolderAction::Skip),
            ("logs/111122223333/eu-west-1/bucket/2026/05/32/", FolderAction::DescendIfFew),
            // Four digits may be a shop, a port or a tenant.
            ("stores/2150/", FolderAction::DescendIfFew),
            ("logs/2025/01/01/", FolderAction::DescendIfFew),
        ] {
            assert_eq!(by_name.folder(key), look, "{key}");
        }
        assert_eq!(by_name.periods_left.load(Ordering::Relaxed), 5);
        assert_eq!(
            wanted(NameTrust::Nothing).folder("logs/111122223333/eu-west-1/bucket/2025/"),
            FolderAction::Descend
        );
        const { assert!(DELIVERY_DELAY == 14 * DAY) };
    }

    #[test]
    fn months_of_flat_keys_are_listed_from_the_first_day_of_the_window() {
        let by_name = wanted(NameTrust::S3);
        assert_eq!(by_name.month("s3/b2026-04-"), KeyRange::Skip);
        let between = |a: &str, b: &str| KeyRange::Between(Some(a.to_owned()), Some(b.to_owned()));
        assert_eq!(by_name.month("s3/b2026-05-"), between("s3/b2026-05-08", "s3/b2026-05-26"));
        assert_eq!(by_name.month("s3/b2026-06-"), KeyRange::Skip);
        assert_eq!(by_name.unwanted_date("s3/b2026-05-08-23-00-00-BBBBBBBBBBBBBBBB"), Some(4));
        assert_eq!(by_name.unwanted_date("s3/b2026-05-11-23-00-00-BBBBBBBBBBBBBBBB"), None);
        assert_eq!(by_name.unwanted_date("s3/b2020-05-11.log"), None);
        let open = ObjectFilter::new(Window { since: Some(MAY_10), ..Window::default() }, None);
        assert_eq!(open.month("2027-06-"), KeyRange::Between(Some("2026-05-08".into()), None));
    }

    #[test]
    fn objects_are_selected_by_time_and_glob() {
        let glob =
            GlobBuilder::new("a/*-B*").literal_separator(true).build().map(|glob| glob.compile_matcher());
        let wanted = ObjectFilter::new(Window { since: Some(MAY_10), ..Window::default() }, glob.ok());
        assert!(wanted.object("a/2026-05-10-10-20-30-BBBBBBBBBBBBBBBB"));
        assert!(!wanted.object("a/2026-05-08-10-20-30-BBBBBBBBBBBBBBBB"));
        assert!(!wanted.object("a/2026-05-10-10-20-30-CCCCCCCCCCCCCCCC"));
        assert!(wanted.object("a/what-B"));
        assert!(wanted.object("a/2020-05-08-10-20-30-BBBBBBBBBBBBBBBB.gz"), "not a name in S3's form");
        assert!(!wanted.object("a/b/what-B"));
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        assert_eq!((count(&wanted.named), count(&wanted.objects_left)), (4, 1));
    }

    #[test]
    fn a_backslash_makes_a_wildcard_literal() {
        for (typed, literal, is_glob, matched, other) in [
            ("a/b", "a/b", false, "a/b", "a/c"),
            ("a/b*", "a/b", true, "a/bcd", "a/c"),
            (r"a/b\*", "a/b*", false, "a/b*", "a/bc"),
            (r"a\[1\]/x*", "a[1]/x", true, "a[1]/xy", "a1/xy"),
            (r"a\{b,c\}?", "a{b,c}", true, "a{b,c}d", "ab"),
            (r"a\\\*", r"a\*", false, r"a\*", "a*"),
            (r"a\b*", r"a\b", true, r"a\bc", "abc"),
            ("a]b}", "a]b}", false, "a]b}", "ab"),
        ] {
            let key = Key::from_typed(typed);
            assert_eq!((key.literal.as_str(), key.glob), (literal, is_glob), "{typed}");
            let glob = GlobBuilder::new(&key.pattern).literal_separator(true).backslash_escape(true).build();
            if !is_glob {
                assert!(key.literal == matched && key.literal != other, "{typed}");
                continue;
            }
            let glob = glob.unwrap().compile_matcher();
            assert!(glob.is_match(matched) && !glob.is_match(other), "{typed}");
        }
    }
}

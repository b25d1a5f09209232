//! Lists objects, folder by folder and in parallel.
//!
//! AWS delivers logs in one of two layouts. Partitioned: `[prefix]account/region/bucket/YYYY/MM/DD/`; these
//! folders are listed separately, so unneeded days are skipped and the others are listed in parallel. Flat:
//! `[prefix]YYYY-MM-DD-hh-mm-ss-…`; these keys sort by time, so a list begins at the first needed day and
//! ends after the last. If neither layout is found, or there are too many folders, everything below is one
//! list, page by page, which needs fewer requests.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::bucket::{Bucket, Listing};
use crate::environment::MAX_REQUESTS;
use crate::error::{Problem, S3Error};
use crate::object::Object;
use crate::reply::Page;

/// The maximum number of folders without a date in their name that are walked.
const MAX_WALKED: usize = 512;

/// Sorts after every character that may follow a prefix.
const LAST_CHARACTER: char = char::MAX;

/// How to process a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderAction {
    /// Nothing in it is needed.
    Skip,
    /// A folder of dates: its folders are examined one by one.
    Descend,
    /// Its folders are examined one by one, unless there are too many.
    DescendIfFew,
    /// Everything below it is listed.
    ListFlat,
}

/// Which keys with a given month prefix are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRange {
    /// None.
    Skip,
    /// Keys after the first and before the second key, if given.
    Between(Option<String>, Option<String>),
}

/// Selects the folders and objects of a list.
pub trait ListFilter: Send + Sync {
    /// How to process a folder, whose key ends with a slash.
    fn folder(&self, key: &str) -> FolderAction;

    /// Whether an object is needed.
    fn object(&self, key: &str) -> bool;

    /// The position of the date in a key of the flat layout whose time is not needed; otherwise `None`. The
    /// following keys that are equal up to there and in the first digit of the year are then listed year by
    /// year, and within a year only the months that are needed.
    fn unwanted_date(&self, _key: &str) -> Option<usize> {
        None
    }

    /// How to list the keys that begin with `prefix`: a prefix of the flat layout and `YYYY-MM-`.
    fn month(&self, _prefix: &str) -> KeyRange {
        KeyRange::Between(None, None)
    }
}

/// Lists, in any order, the needed objects whose keys begin with `prefix`. Skips folder markers: empty
/// objects whose keys end with a slash, as consoles create them.
///
/// # Errors
/// If a list fails.
pub async fn list(
    bucket: Arc<Bucket>,
    prefix: String,
    filter: Arc<dyn ListFilter>,
) -> Result<Vec<Object>, S3Error> {
    let mut wanted = Vec::new();
    let mut waiting = vec![ListJob::Folder { prefix, walk: true }];
    // Each page is a task: parsing a page takes as long as fetching it, and the runtime has several threads.
    let mut running = JoinSet::new();
    let mut walked = 0;
    loop {
        while running.len() < MAX_REQUESTS
            && let Some(job) = waiting.pop()
        {
            running.spawn(job.run(Arc::clone(&bucket), Arc::clone(&filter)));
        }
        let Some(found) = running.join_next().await else { return Ok(wanted) };
        let lost = |error: tokio::task::JoinError| Problem::Other(error.to_string());
        let found = found.map_err(|error| S3Error::at("list", bucket.name(), "")(lost(error)))?;
        let ListResult { objects, folders, jobs } = found?;
        wanted.extend(objects);
        waiting.extend(jobs);
        for prefix in folders {
            let walk = match filter.folder(&prefix) {
                FolderAction::Skip => continue,
                FolderAction::ListFlat => false,
                FolderAction::Descend => true,
                FolderAction::DescendIfFew => {
                    walked += 1;
                    walked <= MAX_WALKED
                }
            };
            waiting.push(ListJob::Folder { prefix, walk });
        }
    }
}

impl Bucket {
    /// The first object whose key begins with `prefix`.
    ///
    /// # Errors
    /// If the list fails.
    pub async fn first(self: &Arc<Self>, prefix: &str) -> Result<Option<Object>, S3Error> {
        let page = self.page(&Listing { prefix, most: Some(1), ..Listing::default() }).await?;
        Ok(objects(self, page).into_iter().next())
    }

    /// One page of the names that begin with `prefix`. Names that contain a further slash are combined into
    /// one that ends with it.
    ///
    /// # Errors
    /// If the list fails.
    pub async fn some_names(&self, prefix: &str) -> Result<Vec<String>, S3Error> {
        let page = self.page(&Listing { prefix, delimiter: Some("/"), ..Listing::default() }).await?;
        let folders = page.common_prefixes.into_iter().map(|folder| folder.prefix);
        Ok(folders.chain(page.contents.into_iter().map(|content| content.key)).collect())
    }

    /// All objects whose keys begin with `prefix`, from a single list.
    ///
    /// # Errors
    /// If the list fails.
    pub async fn all(self: &Arc<Self>, prefix: &str) -> Result<Vec<Object>, S3Error> {
        let job = ListJob::Folder { prefix: prefix.to_owned(), walk: false };
        Ok(job.run(Arc::clone(self), Arc::new(Everything)).await?.objects)
    }
}

struct Everything;

impl ListFilter for Everything {
    fn folder(&self, _: &str) -> FolderAction {
        FolderAction::ListFlat
    }

    fn object(&self, _: &str) -> bool {
        true
    }
}

/// A list to make, one page after the other.
#[derive(Debug)]
enum ListJob {
    /// A folder, or any prefix.
    Folder { prefix: String, walk: bool },
    /// Keys of the flat layout from the first digit of the year on that sort after `passed`.
    Years { prefix: String, passed: String },
    /// The keys of one year, with the dash after it.
    Months { prefix: String, passed: String },
    /// All keys with the prefix that lie between the two others.
    Keys { prefix: String, after: Option<String>, before: Option<String> },
}

/// The result of a list, and the lists that remain.
#[derive(Default)]
struct ListResult {
    objects: Vec<Object>,
    folders: Vec<String>,
    jobs: Vec<ListJob>,
}

impl ListJob {
    async fn run(self, bucket: Arc<Bucket>, filter: Arc<dyn ListFilter>) -> Result<ListResult, S3Error> {
        match self {
            Self::Folder { prefix, walk } => folder(&bucket, &prefix, walk, filter.as_ref()).await,
            Self::Years { prefix, passed } => dates(&bucket, &prefix, &passed, 3, filter.as_ref()).await,
            Self::Months { prefix, passed } => dates(&bucket, &prefix, &passed, 2, filter.as_ref()).await,
            Self::Keys { prefix, after, before } => {
                keys(&bucket, &prefix, after.as_deref(), before.as_deref(), filter.as_ref()).await
            }
        }
    }
}

/// All pages of one list. Keys of the flat layout are left to other lists once a page has ended outside the
/// needed range.
async fn folder(
    bucket: &Arc<Bucket>,
    prefix: &str,
    walk: bool,
    filter: &dyn ListFilter,
) -> Result<ListResult, S3Error> {
    let delimiter = walk.then_some("/");
    let (mut part, mut token, mut after) = (ListResult::default(), None::<String>, None::<String>);
    // Prefixes of keys that are left to other lists.
    let mut others: Vec<String> = Vec::new();
    loop {
        let wanted =
            Listing { prefix, delimiter, after: after.as_deref(), token: token.as_deref(), most: None };
        let mut page = bucket.page(&wanted).await?;
        token = page.next_token();
        let is_here = |key: &str| !others.iter().any(|other| key.starts_with(other.as_str()));
        page.common_prefixes.retain(|folder| is_here(&folder.prefix));
        page.contents.retain(|content| is_here(&content.key));
        let last = page.contents.last().map(|content| content.key.clone());
        let last = last.filter(|last| page.common_prefixes.iter().all(|folder| folder.prefix < *last));
        part.folders.extend(page.common_prefixes.drain(..).map(|folder| folder.prefix));
        let found = objects(bucket, page);
        part.objects.extend(found.into_iter().filter(|object| filter.object(&object.key)));
        if token.is_none() {
            return Ok(part);
        }
        let Some(last) = last else { continue };
        if let Some(run) = filter.unwanted_date(&last).and_then(|date| last.get(..=date)) {
            // All keys of this layout begin with the same digit of the year; keys that sort around them are
            // listed here.
            let run = run.to_owned();
            after = Some(format!("{run}{LAST_CHARACTER}"));
            token = None;
            part.jobs.push(ListJob::Years { prefix: run.clone(), passed: last });
            others.push(run);
        }
    }
}

/// The years after the first digit of a year, or the months of a year: `digits` more digits and a dash. Other
/// keys with the same prefix are listed normally.
async fn dates(
    bucket: &Arc<Bucket>,
    prefix: &str,
    passed: &str,
    digits: usize,
    filter: &dyn ListFilter,
) -> Result<ListResult, S3Error> {
    let (mut part, mut token) = (ListResult::default(), None::<String>);
    loop {
        let wanted = Listing { prefix, delimiter: Some("-"), token: token.as_deref(), ..Listing::default() };
        let mut page = bucket.page(&wanted).await?;
        token = page.next_token();
        for found in page.common_prefixes.drain(..).map(|found| found.prefix) {
            if passed > found.as_str() && !passed.starts_with(&found) {
                continue;
            }
            let rest = found.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('-'));
            let is_date = rest
                .is_some_and(|rest| rest.len() == digits && rest.bytes().all(|byte| byte.is_ascii_digit()));
            let passed = passed.to_owned();
            part.jobs.push(match (is_date, digits) {
                (true, 3) => ListJob::Months { prefix: found, passed },
                (true, _) => match filter.month(&found) {
                    KeyRange::Skip => continue,
                    KeyRange::Between(_, Some(before)) if before <= passed => continue,
                    KeyRange::Between(after, before) => {
                        ListJob::Keys { prefix: found, after: after.max(Some(passed)), before }
                    }
                },
                (false, _) => ListJob::Keys { prefix: found, after: Some(passed), before: None },
            });
        }
        page.contents.retain(|content| content.key.as_str() > passed);
        let found = objects(bucket, page);
        part.objects.extend(found.into_iter().filter(|object| filter.object(&object.key)));
        if token.is_none() {
            return Ok(part);
        }
    }
}

/// All keys with the prefix that sort after one key and before another. Requests no page beyond the last one.
async fn keys(
    bucket: &Arc<Bucket>,
    prefix: &str,
    after: Option<&str>,
    before: Option<&str>,
    filter: &dyn ListFilter,
) -> Result<ListResult, S3Error> {
    let (mut part, mut token) = (ListResult::default(), None::<String>);
    loop {
        let wanted = Listing { prefix, after, token: token.as_deref(), ..Listing::default() };
        let mut page = bucket.page(&wanted).await?;
        token = page.next_token();
        let is_over =
            before.is_some_and(|before| page.contents.last().is_some_and(|last| last.key.as_str() >= before));
        page.contents.retain(|content| {
            let key = content.key.as_str();
            after.is_none_or(|after| key > after) && before.is_none_or(|before| key < before)
        });
        let found = objects(bucket, page);
        part.objects.extend(found.into_iter().filter(|object| filter.object(&object.key)));
        if token.is_none() || is_over {
            return Ok(part);
        }
    }
}

fn objects(bucket: &Arc<Bucket>, page: Page) -> Vec<Object> {
    let is_folder = |key: &str, size| size == 0 && key.ends_with('/');
    let wanted = page.contents.into_iter().filter(|content| !is_folder(&content.key, content.size));
    wanted
        .map(|content| Object {
            bucket: Arc::clone(bucket),
            key: content.key,
            size: content.size,
            etag: content.etag,
        })
        .collect()
}

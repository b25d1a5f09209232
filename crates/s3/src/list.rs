//! Lists of objects, folder by folder and in parallel.
//!
//! AWS delivers logs to `[prefix]/account/region/bucket/YYYY/MM/DD/` if it is told so. Such folders are walked one by
//! one, so that days that are not wanted are not listed, and others at once. Where there are no such folders, or too
//! many, all below is one list, page by page, for fewer requests.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::bucket::Bucket;
use crate::environment::MOST_REQUESTS;
use crate::error::{Problem, S3Error};
use crate::object::Object;
use crate::reply::Page;

/// Folders that are walked whose names tell no date.
const MOST_WALKED: usize = 512;

/// What is done about a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It holds nothing that is wanted.
    Skip,
    /// It is one of dates: its folders are looked at one by one.
    Walk,
    /// Its folders are looked at one by one unless there are too many.
    MayWalk,
    /// All below it is listed.
    Flat,
}

/// What is wanted of a list.
pub trait Sieve: Send + Sync {
    /// What is done about a folder, whose key ends with a slash.
    fn folder(&self, key: &str) -> Look;
    /// Whether an object is wanted.
    fn object(&self, key: &str) -> bool;
}

/// Lists, in no order, the objects whose keys begin with `prefix` and that are wanted. What consoles make for folders, objects of no bytes whose keys end
/// with a slash, is passed over.
///
/// # Errors
/// If a list fails.
pub async fn list(
    bucket: Arc<Bucket>,
    prefix: String,
    sieve: Arc<dyn Sieve>,
) -> Result<Vec<Object>, S3Error> {
    let mut wanted = Vec::new();
    let mut waiting = vec![(prefix, true)];
    // Each a task: to read what a page says takes as long as to get it, and there are threads for it.
    let mut running = JoinSet::new();
    let mut walked = 0;
    loop {
        while running.len() < MOST_REQUESTS
            && let Some((prefix, walk)) = waiting.pop()
        {
            running.spawn(folder(Arc::clone(&bucket), prefix, walk, Arc::clone(&sieve)));
        }
        let Some(found) = running.join_next().await else { return Ok(wanted) };
        let lost = |error: tokio::task::JoinError| Problem::Other(error.to_string());
        let found = found.map_err(|error| S3Error::at("list", bucket.name(), "")(lost(error)))?;
        let Part { objects, folders } = found?;
        wanted.extend(objects);
        for key in folders {
            match sieve.folder(&key) {
                Look::Skip => {}
                Look::Flat => waiting.push((key, false)),
                Look::Walk => waiting.push((key, true)),
                Look::MayWalk => {
                    walked += 1;
                    waiting.push((key, walked <= MOST_WALKED));
                }
            }
        }
    }
}

impl Bucket {
    /// The first of the objects whose keys begin with `prefix`.
    ///
    /// # Errors
    /// If the list fails.
    pub async fn first(self: &Arc<Self>, prefix: &str) -> Result<Option<Object>, S3Error> {
        let page = self.page(prefix, false, None, Some(1)).await?;
        Ok(objects(self, page).into_iter().next())
    }

    /// Some keys that begin with `prefix`, as many as a page has; what is below the next slash is one of them, with the
    /// slash at its end.
    ///
    /// # Errors
    /// If the list fails.
    pub async fn some_names(&self, prefix: &str) -> Result<Vec<String>, S3Error> {
        let page = self.page(prefix, true, None, None).await?;
        let folders = page.common_prefixes.into_iter().map(|folder| folder.prefix);
        Ok(folders.chain(page.contents.into_iter().map(|content| content.key)).collect())
    }

    /// All objects whose keys begin with `prefix`, by one list.
    ///
    /// # Errors
    /// If the list fails.
    pub async fn all(self: &Arc<Self>, prefix: &str) -> Result<Vec<Object>, S3Error> {
        let found = folder(Arc::clone(self), prefix.to_owned(), false, Arc::new(Everything)).await?;
        Ok(found.objects)
    }
}

struct Everything;

impl Sieve for Everything {
    fn folder(&self, _: &str) -> Look {
        Look::Flat
    }

    fn object(&self, _: &str) -> bool {
        true
    }
}

#[derive(Default)]
struct Part {
    objects: Vec<Object>,
    folders: Vec<String>,
}

/// All pages of one list.
async fn folder(
    bucket: Arc<Bucket>,
    prefix: String,
    walk: bool,
    sieve: Arc<dyn Sieve>,
) -> Result<Part, S3Error> {
    let mut part = Part::default();
    let mut token: Option<String> = None;
    loop {
        let mut page = bucket.page(&prefix, walk, token.as_deref(), None).await?;
        token = page.next_continuation_token.take().filter(|token| !token.is_empty());
        part.folders.extend(page.common_prefixes.drain(..).map(|folder| folder.prefix));
        let objects = objects(&bucket, page);
        part.objects.extend(objects.into_iter().filter(|object| sieve.object(&object.key)));
        if token.is_none() {
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

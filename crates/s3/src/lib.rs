//! Access to objects in Amazon S3 and in compatible servers.
//!
//! A [`Bucket`] is a client for one bucket. The process has one client per bucket, created on first use from
//! the environment and the [`Settings`]. [`list`] walks folders of objects in parallel, [`Prefetcher`] reads
//! objects ahead of their use, and [`Bucket::put`] writes conditionally. All requests of the process,
//! including those that other crates make through [`Bucket::store`], share one limiter that caps concurrency
//! and counts requests.
//!
//! Keys are used verbatim: a key that begins or ends with `/`, or contains two in a row, is a different key.

mod bucket;
mod connect;
mod environment;
mod error;
mod limiter;
mod list;
mod object;
mod prefetch;
mod profile;
mod reply;
mod retry;
mod runtime;
mod sign;
mod upload;
mod url;

pub use bucket::{Bucket, Condition, FetchedObject};
pub use environment::{MAX_REQUESTS, Settings, configure};
pub use error::{Problem, S3Error};
pub use limiter::{Requests, requests};
pub use list::{FolderAction, KeyRange, ListFilter, list};
pub use object::{MAX_WHOLE_READ, Object, RANGE_BYTES};
pub use prefetch::{Body, Prefetcher};
pub use runtime::wait;
pub use upload::upload;
pub use url::{S3Url, is_s3};

pub use object_store;

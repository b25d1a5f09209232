//! Objects of Amazon S3, and of servers that speak its protocol.
//!
//! A [`Bucket`] is a client for one bucket: there is one in the process, made when it is first asked for, from the
//! environment and the [`Settings`]. [`list`] walks folders of objects in parallel, [`Prefetcher`] reads objects before they
//! are asked for, and [`Bucket::put`] writes on conditions. All requests of the process, also those of other crates
//! through [`Bucket::store`], share one limiter that caps concurrency and counts requests.
//!
//! Keys are taken as they are: a key that begins with `/`, ends with it or has two in a row is not another key.

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

pub use bucket::{Bucket, Condition, Found};
pub use environment::{MOST_REQUESTS, Settings, configure};
pub use error::{Problem, S3Error};
pub use limiter::{Requests, requests};
pub use list::{FolderAction, KeyRange, ListFilter, list};
pub use object::{Object, RANGE, WHOLE};
pub use prefetch::{Body, Prefetcher};
pub use runtime::wait;
pub use upload::upload;
pub use url::{S3Url, is_s3};

pub use object_store;

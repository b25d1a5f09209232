//! Objects of Amazon S3, and of servers that speak its protocol.
//!
//! A [`Bucket`] is a client for one bucket: there is one in the process, made when it is first asked for, from the
//! environment and the [`Settings`]. [`list`] walks folders of objects in parallel, [`Ahead`] reads objects before they
//! are asked for, and [`Bucket::put`] writes on conditions. All requests of the process, also those of other crates
//! through [`Bucket::store`], pass one gate that lets through so many at a time, and are counted there.
//!
//! Keys are taken as they are: a key that begins with `/`, ends with it or has two in a row is not another key.

mod ahead;
mod bucket;
mod connect;
mod environment;
mod error;
mod gate;
mod list;
mod object;
mod profile;
mod reply;
mod retry;
mod runtime;
mod sign;
mod upload;
mod url;

pub use ahead::{Ahead, Body, WHOLE};
pub use bucket::{Bucket, Condition, Found};
pub use environment::{MOST_REQUESTS, Settings, configure};
pub use error::{Problem, S3Error};
pub use gate::{Requests, requests};
pub use list::{Look, Sieve, Span, list};
pub use object::{Object, RANGE};
pub use runtime::wait;
pub use upload::upload;
pub use url::{S3Url, is_s3};

pub use object_store;

//! The format of Amazon S3 server access logs.
//!
//! Parses lines into records. A record borrows every field from its line. This crate knows nothing of files,
//! Arrow or threads.
//!
//! ```
//! use saltmine_format::{Field, Record};
//!
//! let line = br#"7c0f owner-bucket [01/May/2026:10:00:00 +0000] 192.0.2.7 - 5F0C3A REST.GET.OBJECT a.txt "GET /a.txt HTTP/1.1" 200 - 12 12 9 8 "-" "curl/8.9" -"#;
//! let record = Record::parse(line)?;
//! assert_eq!(record.get(Field::Operation), Some(&b"REST.GET.OBJECT"[..]));
//! assert_eq!(record.get(Field::Requester), None); // anonymous
//! assert_eq!(record.http_status(), Some(200));
//! assert!(record.anomalies().is_empty());
//! # Ok::<(), saltmine_format::LineError>(())
//! ```
//!
//! How a line is parsed: [`Lines`] splits a block into lines and [`Record::parse`] parses each one. `fast`
//! handles common lines. `grammar` handles all others: it parses the head, `quotes` finds where the quoted
//! fields end (with `request_uri` and `agents`), `align` and `tail` parse the rest, and `misaligned` handles
//! lines whose fields do not fit. [`Fields::read_json`] reads the same records where AWS delivers them as
//! JSON.

mod agents;
mod align;
mod anomaly;
mod error;
mod fast;
mod field;
mod fields;
mod grammar;
mod json;
mod key;
mod line;
mod misaligned;
pub mod operation;
mod principal;
mod quotes;
mod record;
mod request_uri;
mod tail;
mod time;
mod tokens;
mod uri;
mod value;

pub use anomaly::Anomalies;
pub use error::{LineError, LineErrorKind};
pub use field::Field;
pub use fields::{Fields, Span};
pub use json::{JsonError, JsonErrorKind, JsonRecord, json_start, parse_iso_time};
pub use key::{decode_once, escape_invalid_utf8, is_encoded_once, object_key, object_key_text};
pub use line::{Line, Lines, is_blank, is_heading, lines};
pub use operation::OperationClass;
pub use principal::{Principal, PrincipalKind};
pub use record::Record;
pub use time::{TIME_LEN, parse_time};
pub use uri::{Params, RequestLine};
pub use value::{canonical_tls_version, number};

//! Reads files of S3 server access logs into Arrow record batches.
//!
//! Data flow: [`discover`] finds sources, a [`SourceReader`] decompresses a source into [`Block`]s of whole
//! lines, a [`Decoder`] converts a block to a record batch whose text columns are views into that block, and
//! [`SourceScan`] combines the three. Lines that cannot be parsed become [`Reject`]s; nothing is skipped
//! silently.
//!
//! A line is text or a JSON object, as AWS delivers these logs through CloudWatch Logs and to table buckets.
//! The beginning of the line decides which ([`saltmine_format::json_start`]), so no line can change how
//! another one is parsed.
//!
//! ```
//! use saltmine_scan::{ScanOptions, SourceScan, discover};
//!
//! let folder = tempfile::tempdir()?;
//! let line = r#"owner logs [01/May/2026:10:00:00 +0000] 192.0.2.7 - 5F0C REST.GET.OBJECT a.txt "GET /a.txt HTTP/1.1" 200 - 12 12 9 8 "-" "curl/8.9" -"#;
//! std::fs::write(folder.path().join("2026-05-01.log"), format!("{line}\nnot a record\n"))?;
//!
//! let (mut rows, mut rejects) = (0, 0);
//! for source in discover(&[folder.path().display().to_string()])? {
//!     let mut scan = SourceScan::open(&source, &ScanOptions::default());
//!     while let Some(batch) = scan.next_batch()? {
//!         rows += batch.num_rows();
//!     }
//!     rejects += scan.finish().counts.rejects;
//! }
//! assert_eq!((rows, rejects), (1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod columns;
mod decoder;
mod describe;
mod discover;
mod error;
mod escape;
mod inflate;
mod object_name;
mod objects;
mod reader;
mod reject;
mod remote_source;
mod report;
mod row_filter;
mod scan;
mod schema;
mod sniff;
mod source;
mod window;

pub use block::{BLOCK_SIZE, Block, BlockPool, LONG_LINE_KEPT, MAX_LINE, Segment};
pub use decoder::{DayRange, Decoded, Decoder, Order};
pub use discover::{Discovery, discover, discover_within};
pub use error::{ScanError, SourceError};
pub use escape::escape;
pub use inflate::InflatedText;
pub use object_name::LogObjectName;
pub use objects::{prefetch, prefetch_sharing};
pub use reader::{ReadStatus, SourceReader};
pub use reject::{Reject, rejects_batch};
pub use remote_source::RemoteSource;
pub use report::{Counts, ReadProblem, SourceReport, SourceState};
pub use row_filter::RowFilter;
pub use scan::{ScanOptions, SourceScan};
pub use schema::{Column, logs_schema, rejects_schema, table_schema};
pub use source::{Source, sizes};
pub use window::{DELIVERY_DELAY, NameRules, NameTrust, SkippedFiles, Window};

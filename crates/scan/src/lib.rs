//! Files of S3 server access logs to Arrow record batches.
//!
//! The way of the data: [`discover`] finds sources, a [`SourceReader`] inflates one into [`Block`]s of whole lines, a
//! [`Decoder`] turns a block into a record batch whose text columns are views into that block, and [`SourceScan`] puts
//! the three together. Lines that cannot be read become [`Reject`]s; nothing is passed over in silence.
//!
//! A line is text or a JSON object, as AWS delivers these logs through CloudWatch Logs and to table buckets. Each line tells
//! by how it begins ([`saltmine_format::json_start`]), so that none can change how another is read.

mod block;
mod columns;
mod decoder;
mod describe;
mod error;
mod escape;
mod inflate;
mod keep;
mod name;
mod objects;
mod reader;
mod reject;
mod report;
mod scan;
mod schema;
mod sent;
mod sniff;
mod source;
mod window;

pub use block::{BLOCK_SIZE, Block, BlockPool, LONG_LINE_KEPT, MAX_LINE, Segment};
pub use decoder::{DayRange, Decoded, Decoder, Order};
pub use error::{ScanError, SourceError};
pub use escape::escape;
pub use inflate::InflatedText;
pub use keep::Keep;
pub use name::{name_time, name_time_range};
pub use objects::{read_ahead, read_ahead_sharing};
pub use reader::{Filled, SourceReader};
pub use reject::{Reject, rejects_batch};
pub use report::{Counts, Problem, SourceReport, SourceState};
pub use scan::{ScanOptions, SourceScan};
pub use schema::{Column, logs_schema, rejects_schema, table_schema};
pub use sent::SentSource;
pub use source::{Discovery, Source, discover, discover_within, sizes};
pub use window::{DELIVERY_DELAY, LeftOut, NameRules, NameTrust, Window};

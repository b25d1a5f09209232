//! Detects whether the first line of a CSV file holds column names. Without this check, a file without such a line
//! would silently lose its first row.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

/// Maximum number of rows to look at.
const MAX_ROWS: usize = 1000;
/// Maximum number of bytes to look at.
const MAX_BYTES: u64 = 16 << 20;

/// The first rows of a file.
pub(super) struct Head {
    rows: Vec<StringRecord>,
}

impl Head {
    /// Reads the beginning of a file.
    ///
    /// # Errors
    /// If it cannot be read or is empty.
    pub(super) fn read(path: &Path, delimiter: u8) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?.take(MAX_BYTES);
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(file);
        let mut rows = Vec::new();
        for row in reader.byte_records().take(MAX_ROWS) {
            let row = row.map_err(|error| error.to_string())?;
            rows.push(StringRecord::from_byte_record_lossy(row));
        }
        if let Some(first) = rows.first_mut() {
            let text = first.iter().map(|value| value.trim_start_matches('\u{feff}')).collect();
            *first = text;
        }
        if rows.is_empty() { Err("the file is empty".to_owned()) } else { Ok(Self { rows }) }
    }

    /// Number of values in the first row.
    pub(super) fn columns(&self) -> usize {
        self.first().len()
    }

    /// The first row.
    pub(super) fn first(&self) -> &StringRecord {
        &self.rows[0]
    }

    /// The values of a column; `None` for rows without one.
    pub(super) fn column(&self, index: usize) -> impl Iterator<Item = Option<&str>> {
        self.rows.iter().map(move |row| row.get(index))
    }

    /// A value of the first row that cannot be a column name: a number, a time, an address, an ARN, a URL, or a
    /// value that is repeated below or beside it.
    pub(super) fn data_in_first_line(&self) -> Option<&str> {
        let mut names = HashSet::new();
        self.first().iter().enumerate().find_map(|(index, value)| {
            let comes_again = || self.column(index).skip(1).any(|other| other == Some(value));
            let is_data = is_data(value) || !names.insert(value) || (!value.is_empty() && comes_again());
            is_data.then_some(value)
        })
    }
}

fn is_data(value: &str) -> bool {
    let value = value.trim();
    let is_time = || {
        let bytes = value.as_bytes();
        bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && bytes[7] == b'-'
    };
    value.parse::<f64>().is_ok_and(|number| number.is_finite())
        || value.parse::<IpAddr>().is_ok()
        || value.parse::<ipnet::IpNet>().is_ok()
        || value.starts_with("arn:")
        || value.contains("://")
        || is_time()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        Head::read(&path, b',').unwrap()
    }

    #[test]
    fn headings_are_distinguished_from_data() {
        for (text, data) in [
            ("address,name\n198.51.100.7,a\n", None),
            ("\u{feff}address\n198.51.100.7\n", None),
            (",b\n0,1\n", None),
            ("198.51.100.7\n198.51.100.8\n", Some("198.51.100.7")),
            ("198.51.100.0/24\n", Some("198.51.100.0/24")),
            ("alice,arn:aws:iam::111122223333:user/alice\n", Some("arn:aws:iam::111122223333:user/alice")),
            ("2026-05-01T10:00:00Z,x\n", Some("2026-05-01T10:00:00Z")),
            ("bucket,key\nbucket,other\n", Some("bucket")),
            ("a,a\n1,2\n", Some("a")),
            ("key,4096\n", Some("4096")),
        ] {
            assert_eq!(head(text).data_in_first_line(), data, "{text:?}");
        }
    }
}

//! A record: its true values, and the line that S3 would write for it.
//!
//! This code is independent of the parser: lines are composed byte by byte, so that a parser bug cannot be hidden by
//! the same bug here.

use std::io::Write;

/// Positions of the fields, in line order.
pub(crate) mod col {
    pub(crate) const OWNER: usize = 0;
    pub(crate) const BUCKET: usize = 1;
    pub(crate) const TIME: usize = 2;
    pub(crate) const IP: usize = 3;
    pub(crate) const REQUESTER: usize = 4;
    pub(crate) const REQUEST_ID: usize = 5;
    pub(crate) const OPERATION: usize = 6;
    pub(crate) const KEY: usize = 7;
    pub(crate) const URI: usize = 8;
    pub(crate) const STATUS: usize = 9;
    pub(crate) const ERROR: usize = 10;
    pub(crate) const SENT: usize = 11;
    pub(crate) const SIZE: usize = 12;
    pub(crate) const TOTAL: usize = 13;
    pub(crate) const TURN: usize = 14;
    pub(crate) const REFERER: usize = 15;
    pub(crate) const AGENT: usize = 16;
    pub(crate) const VERSION: usize = 17;
    pub(crate) const HOST_ID: usize = 18;
    pub(crate) const SIGNATURE: usize = 19;
    pub(crate) const CIPHER: usize = 20;
    pub(crate) const AUTH: usize = 21;
    pub(crate) const HOST: usize = 22;
    pub(crate) const TLS: usize = 23;
    pub(crate) const ACCESS_POINT: usize = 24;
    pub(crate) const ACL: usize = 25;
    pub(crate) const REGION: usize = 26;
    pub(crate) const COUNT: usize = 27;
}

/// Names of the columns of the true values, in order: the fields, then those that a reader adds.
pub(crate) const COLUMNS: [&str; 32] = [
    "bucket_owner",
    "bucket",
    "request_time",
    "remote_ip",
    "requester",
    "request_id",
    "operation",
    "key",
    "request_uri",
    "http_status",
    "error_code",
    "bytes_sent",
    "object_size",
    "total_time",
    "turn_around_time",
    "referer",
    "user_agent",
    "version_id",
    "host_id",
    "signature_version",
    "cipher_suite",
    "authentication_type",
    "host_header",
    "tls_version",
    "access_point_arn",
    "acl_required",
    "source_region",
    "extra",
    "anomaly",
    "raw",
    "log_file",
    "log_line",
];

/// The anomalies of a line, in the order in which their names are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowAnomalies {
    pub(crate) embedded_quote: bool,
    pub(crate) ambiguous_quotes: bool,
    pub(crate) extra_fields: bool,
    pub(crate) invalid_utf8: bool,
}

impl RowAnomalies {
    /// The names of the present anomalies.
    pub(crate) fn words(self) -> impl Iterator<Item = &'static str> {
        [
            (self.embedded_quote, "embedded_quote"),
            (self.ambiguous_quotes, "ambiguous_quotes"),
            (self.extra_fields, "extra_fields"),
            (self.invalid_utf8, "invalid_utf8"),
        ]
        .into_iter()
        .filter_map(|(holds, word)| holds.then_some(word))
    }

    /// Whether there are no anomalies.
    pub(crate) fn is_clean(self) -> bool {
        self == Self::default()
    }
}

/// Stands for the byte 0xFF, which text cannot hold. From the private use area.
pub(crate) const BAD_BYTE: char = '\u{E0FF}';

/// The values of one record. Buffers are reused from row to row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Seconds since 1970.
    pub(crate) time: i64,
    text: [String; col::COUNT],
    present: [bool; col::COUNT],
    numbers: [Option<i64>; 5],
    /// Whether null request-URI, referer and user agent are written as a bare `-` instead of `"-"`.
    pub(crate) bare: bool,
    /// Number of fields in the line.
    pub(crate) fields: usize,
    /// Text after the last field.
    pub(crate) extra: Option<String>,
    /// The extra token of March 2019 between version id and host id; a reader keeps it in `extra`.
    pub(crate) stray: Option<String>,
    /// The anomalies that a reader must report.
    pub(crate) odd: RowAnomalies,
}

impl Row {
    /// A row with all fields null.
    pub(crate) fn new() -> Self {
        Self {
            time: 0,
            text: std::array::from_fn(|_| String::new()),
            present: [false; col::COUNT],
            numbers: [None; 5],
            bare: false,
            fields: col::COUNT,
            extra: None,
            stray: None,
            odd: RowAnomalies::default(),
        }
    }

    /// Sets all fields to null.
    pub(crate) fn clear(&mut self) {
        self.present = [false; col::COUNT];
        self.numbers = [None; 5];
        self.bare = false;
        self.fields = col::COUNT;
        self.extra = None;
        self.stray = None;
        self.odd = RowAnomalies::default();
    }

    /// Sets a text field.
    pub(crate) fn set(&mut self, column: usize, value: &str) {
        self.edit(column).push_str(value);
    }

    /// Sets a text field or makes it null.
    pub(crate) fn put(&mut self, column: usize, value: Option<&str>) {
        match value {
            Some(value) => self.set(column, value),
            None => self.present[column] = false,
        }
    }

    /// Clears a text field and returns its buffer for writing.
    pub(crate) fn edit(&mut self, column: usize) -> &mut String {
        self.present[column] = true;
        self.text[column].clear();
        &mut self.text[column]
    }

    /// Sets a number field.
    pub(crate) fn number(&mut self, column: usize, value: Option<i64>) {
        if let Some(at) = number_index(column) {
            self.numbers[at] = value;
        }
    }

    /// A text field as a reader must return it: null if the line has `-` or is too short to hold it.
    pub(crate) fn get(&self, column: usize) -> Option<&str> {
        (column < self.fields && self.present[column]).then(|| self.text[column].as_str())
    }

    /// A number field as a reader must return it.
    pub(crate) fn get_number(&self, column: usize) -> Option<i64> {
        number_index(column).and_then(|at| self.numbers[at])
    }

    /// Writes the line without its line break.
    pub(crate) fn render(&self, out: &mut Vec<u8>) {
        let start = out.len();
        for column in 0..self.fields {
            if column > 0 {
                out.push(b' ');
            }
            if let (col::HOST_ID, Some(stray)) = (column, &self.stray) {
                out.extend_from_slice(stray.as_bytes());
                out.push(b' ');
            }
            self.render_field(column, out);
        }
        if let Some(extra) = &self.extra {
            out.push(b' ');
            out.extend_from_slice(extra.as_bytes());
        }
        if self.odd.invalid_utf8 {
            insert_bad_byte(out, start);
        }
    }

    fn render_field(&self, column: usize, out: &mut Vec<u8>) {
        match column {
            col::TIME => render_time(self.time, out),
            col::URI | col::REFERER | col::AGENT => match (self.present[column], self.bare) {
                (true, _) => {
                    out.push(b'"');
                    out.extend_from_slice(self.text[column].as_bytes());
                    out.push(b'"');
                }
                (false, true) => out.push(b'-'),
                (false, false) => out.extend_from_slice(b"\"-\""),
            },
            _ if number_index(column).is_some() => match self.get_number(column) {
                Some(value) => {
                    let _ = write!(out, "{value}");
                }
                None => out.push(b'-'),
            },
            _ if self.present[column] => out.extend_from_slice(self.text[column].as_bytes()),
            _ => out.push(b'-'),
        }
    }
}

fn number_index(column: usize) -> Option<usize> {
    match column {
        col::STATUS => Some(0),
        col::SENT => Some(1),
        col::SIZE => Some(2),
        col::TOTAL => Some(3),
        col::TURN => Some(4),
        _ => None,
    }
}

/// Replaces the stand-in by the byte 0xFF.
fn insert_bad_byte(out: &mut Vec<u8>, start: usize) {
    let mut stand_in = [0; 4];
    let stand_in = BAD_BYTE.encode_utf8(&mut stand_in).as_bytes().to_vec();
    let line = out.split_off(start);
    let mut rest = line.as_slice();
    while let Some(at) = rest.windows(stand_in.len()).position(|window| window == stand_in) {
        out.extend_from_slice(&rest[..at]);
        out.push(0xFF);
        rest = &rest[at + stand_in.len()..];
    }
    out.extend_from_slice(rest);
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month (1 to 12) and day of a number of days since 1970.
pub(crate) fn civil(days: i64) -> (i64, usize, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), usize::try_from(month).unwrap_or(1), day)
}

/// Year, month, day, hour, minute, second.
pub(crate) fn clock(time: i64) -> (i64, usize, i64, i64, i64, i64) {
    let (year, month, day) = civil(time.div_euclid(86_400));
    let second = time.rem_euclid(86_400);
    (year, month, day, second / 3600, second / 60 % 60, second % 60)
}

fn render_time(time: i64, out: &mut Vec<u8>) {
    let (year, month, day, hour, minute, second) = clock(time);
    let month = MONTHS[month - 1];
    let _ = write!(out, "[{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000]");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_in_order() {
        let mut row = Row::new();
        row.time = 1_772_323_200;
        row.set(col::OWNER, "o");
        row.set(col::BUCKET, "b");
        row.set(col::OPERATION, "REST.GET.OBJECT");
        row.set(col::AGENT, "a \u{E0FF}");
        row.number(col::STATUS, Some(200));
        row.fields = 18;
        row.odd.invalid_utf8 = true;
        let mut line = Vec::new();
        row.render(&mut line);
        let want = b"o b [01/Mar/2026:00:00:00 +0000] - - - REST.GET.OBJECT - \"-\" 200 - - - - - \"-\" \"a \xFF\" -";
        assert_eq!(line, want);
    }

    #[test]
    fn dates_are_the_calendar_s() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(clock(1_553_040_000 + 3_661), (2019, 3, 20, 1, 1, 1));
    }
}

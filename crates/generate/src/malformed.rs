//! Lines that are not records: a reader must reject them whole, without affecting their neighbours.

use std::io::Write;

use fastrand::Rng;

use super::buckets::Bucket;
use super::row::clock;

/// Adds a line whose first eight fields or time cannot be parsed.
pub(crate) fn line(rng: &mut Rng, bucket: &Bucket, time: i64, out: &mut Vec<u8>) {
    let (year, _, day, hour, minute, second) = clock(time);
    let (owner, name) = (&bucket.owner, &bucket.name);
    let _ = match rng.u8(..8) {
        0 => write!(out, "{owner} {name} [{day:02}/Mar/{year}:{hour:02}"),
        1 => write!(
            out,
            "{owner} {name} [{day:02}/Mar/{year}:{hour:02}:{minute:02}:{second:02} +0000] 198.18.0.9 - 7Q"
        ),
        2 => write!(
            out,
            "{owner} {name} [{day:02}/Mrz/{year}:{hour:02}:{minute:02}:{second:02} +0000] 198.18.0.9 - 7QX2K9PB4M1R8T6A REST.GET.OBJECT a.txt \"GET /a.txt HTTP/1.1\" 200 - 1 1 1 1 \"-\" \"x\" -"
        ),
        3 => write!(
            out,
            "{{\"eventVersion\":\"1.09\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"GetObject\"}}"
        ),
        4 => write!(
            out,
            "198.18.0.9 - - [{day:02}/Mar/{year}:{hour:02}:{minute:02}:{second:02} +0000] \"GET / HTTP/1.1\" 200 512"
        ),
        5 => write!(
            out,
            "{owner} {name} [99/Mar/{year}:{hour:02}:{minute:02}:{second:02} +0000] 198.18.0.9 - 7QX2K9PB4M1R8T6A REST.GET.OBJECT a.txt \"GET /a.txt HTTP/1.1\" 200 - 1 1 1 1 \"-\" \"x\" -"
        ),
        6 => write!(out, "\"\"\" \" \\ not a record at all"),
        _ => out.write_all(b"\xFF\xFE\x01\x02 torn write \xC3"),
    };
}

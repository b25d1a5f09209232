//! Addresses within text.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use super::Pseudonyms;
use super::spans::{Spans, runs};

/// Groups of an IPv6 address below which `::` more likely joins words of a program.
const GROUPS: usize = 3;

pub(super) fn find(spans: &mut Spans<'_>, pseudonyms: &Pseudonyms) {
    let bytes = spans.decoded.bytes();
    let mut found: Vec<(Range<usize>, IpAddr)> = Vec::new();
    for run in runs(bytes, |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')) {
        found.extend(v6(bytes, run));
    }
    for run in runs(bytes, |byte| byte.is_ascii_digit() || byte == b'.') {
        found.extend(quad(bytes, run, b'.'));
    }
    // ec2-203-0-113-7.compute-1.amazonaws.com, ip-10-0-0-7.ec2.internal
    for run in runs(bytes, |byte| byte.is_ascii_digit() || byte == b'-') {
        let before = &bytes[..run.start];
        // The digit of `ec2` is part of the run.
        if ends_with(before, b"ip") || (ends_with(before, b"ec") && bytes[run.clone()].starts_with(b"2-")) {
            let skip = bytes[run.clone()].iter().position(|byte| *byte == b'-').map_or(0, |at| at + 1);
            found.extend(quad(bytes, run.start + skip..run.end, b'-'));
        }
    }
    for (range, address) in found {
        spans.replace(range, |_| pseudonyms.address(address));
    }
}

fn ends_with(bytes: &[u8], end: &[u8]) -> bool {
    bytes.len() >= end.len() && bytes[bytes.len() - end.len()..].eq_ignore_ascii_case(end)
}

/// An IPv6 address that is the whole run, but for a point or colon at its end.
fn v6(bytes: &[u8], run: Range<usize>) -> Option<(Range<usize>, IpAddr)> {
    let is_part = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if (run.start > 0 && is_part(run.start - 1)) || is_part(run.end) {
        return None;
    }
    let text = std::str::from_utf8(&bytes[run.clone()]).ok()?;
    let parse = |text: &str| text.parse::<Ipv6Addr>().ok().map(|address| (address, text.len()));
    let (address, length) = parse(text)
        .or_else(|| parse(text.trim_end_matches('.')))
        .or_else(|| parse(text.strip_suffix(':')?))?;
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    let is_of_program = groups < GROUPS && !text.starts_with("fe80") && !text.contains('.');
    (!is_of_program).then_some((run.start..run.start + length, IpAddr::V6(address)))
}

/// The first four numbers of a run that are an IPv4 address.
///
/// `N.0.0.0` is the number of a browser's version, and no client's address.
fn quad(bytes: &[u8], run: Range<usize>, point: u8) -> Option<(Range<usize>, IpAddr)> {
    let points = bytes[run.clone()].iter().take_while(|byte| **byte == point).count();
    let start = run.start + points;
    let mut octets = [0_u8; 4];
    let mut end = start;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            if bytes.get(end) != Some(&point) || end >= run.end {
                return None;
            }
            end += 1;
        }
        let digits = bytes[end.min(run.end)..run.end].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&bytes[end..end + digits]).ok()?;
        *octet = if (1..=3).contains(&digits) { text.parse().ok()? } else { return None };
        end += digits;
    }
    (octets[1..] != [0, 0, 0]).then_some((start..end, IpAddr::from(octets)))
}

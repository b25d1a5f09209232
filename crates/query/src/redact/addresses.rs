//! Addresses within text: `198.51.100.7`, `2001:db8::7`, `c-198-51-100-7.isp.example`, wherever they start in a run
//! of characters.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use super::pseudonyms::Pseudonyms;
use super::replacements::{Replacements, count_scanned, runs};

/// Minimum groups of an IPv6 address with `::`; with fewer, it more likely joins identifiers of a program.
const MIN_GROUPS: usize = 3;
/// Maximum length of an IPv6 address.
const MAX_LENGTH: usize = 45;
/// Maximum numbers of overlapping IPv4 addresses that get separate pseudonyms. Longer runs of numbers get one.
const MAX_OVERLAPPING: usize = 6;

pub(super) fn find(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    let bytes = spans.decoded.bytes();
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    for run in runs(bytes, |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')) {
        found.extend(v6(bytes, run).into_iter().map(|(range, address)| (range, pseudonyms.address(address))));
    }
    for run in runs(bytes, |byte| byte.is_ascii_digit() || byte == b'.') {
        found.extend(quads(bytes, run, b'.', pseudonyms));
    }
    for run in runs(bytes, |byte| byte.is_ascii_digit() || byte == b'-') {
        found.extend(quads(bytes, after_words(bytes, run), b'-', pseudonyms));
    }
    for (range, pseudonym) in found {
        spans.replace(range, |_| pseudonym);
    }
}

/// IPv6 addresses that begin at a group of the run: a word may precede them, as in `from:2001:db8::7`, and a port
/// may follow, as in `2001:db8::7.443`.
fn v6(bytes: &[u8], run: Range<usize>) -> Vec<(Range<usize>, IpAddr)> {
    let mut found = Vec::new();
    let mut at = run.start;
    while at < run.end {
        let is_start = match at.checked_sub(1).map(|before| bytes[before]) {
            // The `a` of `via:2001:db8::7` is not a group.
            Some(before) if at == run.start => !before.is_ascii_alphanumeric(),
            Some(before) => matches!(before, b':' | b'.'),
            None => true,
        };
        // `cafe2001:db8::7`: the last four digits of an overlong group may be a group.
        let group = bytes[at..run.end].iter().take(5).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let is_end_of_word = group == 4 && bytes.get(at + 4) == Some(&b':');
        if (is_start || is_end_of_word)
            && let Some((length, address)) = longest_v6(&bytes[at..run.end])
        {
            found.push((at..at + length, IpAddr::V6(address)));
            at += length;
            continue;
        }
        at += 1;
    }
    found
}

/// The longest IPv6 address at the start of the text, and its length.
fn longest_v6(text: &[u8]) -> Option<(usize, Ipv6Addr)> {
    let text = &text[..text.len().min(MAX_LENGTH)];
    count_scanned(text.len());
    // Most runs are words and numbers.
    let colons = text.iter().filter(|byte| **byte == b':').count();
    if colons < 2 || (text[0] == b':' && text[1] != b':') {
        return None;
    }
    let is_end = |end: usize| text.get(end).is_none_or(|byte| !byte.is_ascii_hexdigit());
    let ends = (2..=text.len()).rev().filter(|end| is_end(*end));
    let parsed = ends.filter_map(|end| {
        let address = std::str::from_utf8(&text[..end]).ok()?.parse::<Ipv6Addr>().ok()?;
        Some((end, address))
    });
    let (length, address) = parsed.into_iter().next()?;
    let text = &text[..length];
    let groups = text.split(|byte| *byte == b':').filter(|group| !group.is_empty());
    let first = text.split(|byte| *byte == b':').next().unwrap_or_default();
    // 2000::/3 is routed; fc00::/7 and fe80::/10 are private.
    let is_routed = matches!(
        first.to_ascii_lowercase()[..],
        [b'2' | b'3', _, _, _] | [b'f', b'c' | b'd', _, _] | [b'f', b'e', b'8', _]
    );
    let count = groups.count();
    let is_address = count >= MIN_GROUPS || text.contains(&b'.') || (is_routed && count == 2);
    is_address.then_some((length, address))
}

/// Skips the digit of `ec2-`, which belongs to the word.
fn after_words(bytes: &[u8], run: Range<usize>) -> Range<usize> {
    let is_ec2 = bytes[..run.start].last_chunk::<2>().is_some_and(|end| end.eq_ignore_ascii_case(b"ec"))
        && bytes[run.clone()].starts_with(b"2-");
    if is_ec2 { run.start + 2..run.end } else { run }
}

/// A number in a run: its position, and its value if it may be part of an IPv4 address.
struct Number {
    place: Range<usize>,
    octet: Option<u8>,
}

/// The IPv4 addresses of a run of numbers separated by single `point`s, and their pseudonyms. If several overlap,
/// as in `v2.198.51.100.7`, it is unclear which is meant, so all of their numbers are replaced.
fn quads(bytes: &[u8], run: Range<usize>, point: u8, pseudonyms: &Pseudonyms) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    for numbers in joined(bytes, run, point) {
        let of_dates = if point == b'-' { of_dates(&numbers, bytes) } else { vec![false; numbers.len()] };
        let mut starts = Vec::new();
        for start in 0..numbers.len().saturating_sub(3) {
            if !of_dates[start]
                && let Some(address) = quad(&numbers[start..start + 4], point, bytes)
            {
                starts.push((start, address));
            }
        }
        for cluster in starts.chunk_by(|one, next| next.0 - one.0 < 4) {
            let (first, last) = (cluster[0].0, cluster[cluster.len() - 1].0 + 3);
            let place = numbers[first].place.start..numbers[last].place.end;
            let pseudonym = if last - first < MAX_OVERLAPPING {
                let all: Vec<String> =
                    cluster.iter().map(|(_, address)| pseudonyms.address(*address)).collect();
                all.join(if point == b'.' { "." } else { "-" })
            } else {
                pseudonyms.get("ip", &bytes[place.clone()])
            };
            found.push((place, pseudonym));
        }
    }
    found
}

/// Numbers separated by exactly one point.
fn joined(bytes: &[u8], run: Range<usize>, point: u8) -> Vec<Vec<Number>> {
    let mut all: Vec<Vec<Number>> = Vec::new();
    let mut is_joined = false;
    let mut at = run.start;
    while at < run.end {
        if bytes[at] == point {
            // Two points end the sequence.
            is_joined = at > run.start && bytes[at - 1] != point;
            at += 1;
            continue;
        }
        let digits = bytes[at..run.end].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let place = at..at + digits;
        let text = std::str::from_utf8(&bytes[place.clone()]).ok().filter(|_| digits <= 3);
        let number = Number { octet: text.and_then(|text| text.parse().ok()), place };
        at += digits;
        match all.last_mut().filter(|_| is_joined) {
            Some(numbers) => numbers.push(number),
            None => all.push(vec![number]),
        }
        is_joined = false;
    }
    count_scanned(run.len());
    all
}

/// The address formed by four numbers.
///
/// `N.0.0.0` is a browser version. With `-` as separator, numbers with leading zeros or within a longer word belong to
/// dates or ids.
fn quad(numbers: &[Number], point: u8, bytes: &[u8]) -> Option<IpAddr> {
    let mut octets = [0_u8; 4];
    for (octet, number) in octets.iter_mut().zip(numbers) {
        *octet = number.octet?;
        if point == b'-' && number.place.len() > 1 && bytes[number.place.start] == b'0' {
            return None;
        }
    }
    let (start, end) = (numbers[0].place.start, numbers[3].place.end);
    if point == b'-' && bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    // `pool198-51-100-7` is a host name, `a198-51-…` more likely a hexadecimal id.
    if point == b'-' && bytes[..start].last().is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    (octets[1..] != [0, 0, 0]).then(|| IpAddr::from(octets))
}

/// Marks numbers that belong to dates with times, as in log file names: `2026-05-01-10-20-30`.
fn of_dates(numbers: &[Number], bytes: &[u8]) -> Vec<bool> {
    const LIMITS: [u8; 5] = [12, 31, 23, 59, 60];
    let mut of_dates = vec![false; numbers.len()];
    for (index, number) in numbers.iter().enumerate() {
        let year = &bytes[number.place.clone()];
        if year.len() != 4 || !(year.starts_with(b"19") || year.starts_with(b"20")) {
            continue;
        }
        let rest = numbers[index + 1..].iter().zip(LIMITS);
        let count =
            rest.take_while(|(number, most)| number.octet.is_some_and(|octet| octet <= *most)).count();
        if count >= 2 {
            of_dates[index..=index + count].fill(true);
        }
    }
    count_scanned(numbers.len());
    of_dates
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::{all, redactor};

    fn assert_found(text: &str, address: &str) {
        let redacted = all(text);
        let pseudonym = redactor("all", 1).address(address).into_owned();
        assert!(redacted.contains(&pseudonym), "{text}: {redacted}");
        for part in address.split(['.', ':']).filter(|part| part.len() > 2) {
            assert!(!redacted.contains(part), "{text}: {redacted}");
        }
    }

    #[test]
    fn addresses_are_found_wherever_they_begin() {
        let long = "2001:db8:85a3::8a2e:370:7334";
        for text in [
            format!("from:{long}"),
            format!("via:{long}"),
            format!("client_{long}"),
            format!("{long}.443"),
            format!("{long}x"),
            format!("x{long}"),
            format!("face{long}"),
            format!("[{long}%eth0]"),
            format!("dead:beef.{long}"),
            format!("\\x20{long}"),
        ] {
            assert_found(&text, long);
        }
        assert_found("at 2600::7 now", "2600::7");
        for text in [
            "1700000000.198.51.100.9",
            "300.198.51.100.9",
            "v2.198.51.100.9",
            "198.51.100.9.443",
            "..198.51.100.9",
            "1..198.51.100.9",
            "c-198-51-100-9.hsd1.isp.example",
            "host198.51.100.9",
            "EC2-198-51-100-9.compute-1.amazonaws.com",
            "dyn-7-198-51-100-9.isp.example",
            "2026-05-01-10-20-30-x/198-51-100-9",
            "2026-1-2-198-51-100-9",
            "1234-198-51-100-9",
            "\\198.51.100.9",
            "\\x198.51.100.9",
            "%198.51.100.9",
        ] {
            assert_found(text, "198.51.100.9");
        }
        // If a sequence may be an escape or not, neither reading reveals the address.
        assert_found("\\101.51.100.9", "101.51.100.9");
    }

    #[test]
    fn dates_times_versions_and_words_are_not_addresses() {
        for text in [
            "logs/2026-10-11-12-13-14-0123456789ABCDEF",
            "2026-12-01T10:20:30Z 10:20:30.123",
            "Chrome/120.0.0.0 Safari/537.36 Chrome/120.0.6099.109",
            "std::vec a::b dead::beef 00:1a:2b:3c:4d:5e",
            "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            "1.2.3 1-2-3 01-02-03-04",
            "arn:aws:s3:::bucket/key",
        ] {
            assert_eq!(all(text), text);
        }
    }
}

//! The tail: the fields that S3 writes after the user agent. It grew over the years in roll-outs that took
//! weeks, so lines of different lengths occur side by side.
//!
//! The client chooses two of its fields: the version id and the host header. Neither should contain a space,
//! but S3 does not guarantee it, and does not quote them. [`Tail::plain`] reads one word per field;
//! [`crate::align`] also tries other ways to read the words.

use crate::Anomalies;
use crate::field::Field as F;
use crate::fields::{Fields, span_of};
use crate::tokens::tokens;

/// The number of known tail fields: version_id to source_region.
pub(crate) const KNOWN_FIELDS: usize = 10;

/// The fewest fields of a tail since March 2019; some lines of the first weeks lack the TLS version.
pub(crate) const MIN_SINCE_2019: usize = 6;

/// 2019-02-01 in seconds since 1970. Earlier tails have at most the version id. AWS's own examples of longer
/// lines are dated a few days later.
pub(crate) const LONG_TAILS_SINCE: i64 = 1_548_979_200;

/// 2019-05-01 in seconds since 1970: the end of the first weeks of long tails, with their shorter lines and
/// extra token.
pub(crate) const ROLLOUT_SETTLED: i64 = 1_556_668_800;

/// 2020-01-01 in seconds since 1970: the last lines of that roll-out were written before. Since then every
/// tail reaches the host header, and no extra token precedes the host id.
pub(crate) const ROLLOUT_END: i64 = 1_577_836_800;

/// The tail's fields, in line order.
pub(crate) const FIELDS: [F; KNOWN_FIELDS] = [
    F::VersionId,
    F::HostId,
    F::SignatureVersion,
    F::CipherSuite,
    F::AuthenticationType,
    F::HostHeader,
    F::TlsVersion,
    F::AccessPointArn,
    F::AclRequired,
    F::SourceRegion,
];

/// A valid tail.
#[derive(Clone, Copy)]
pub(crate) struct Tail<'a> {
    values: [&'a [u8]; KNOWN_FIELDS],
    count: usize,
    extra: Option<&'a [u8]>,
    /// The words can also be read in another way, or a field contains spaces.
    ambiguous: bool,
}

impl<'a> Tail<'a> {
    /// Parses ` version_id host_id …` to the end of the line, one word per field. Text after the last known
    /// field is extra; so is text after the TLS version if the next word does not look like its field.
    /// Returns `None` if there are runs of spaces, a number of fields that no version of the format had, or
    /// values that do not look like their fields.
    ///
    /// Looks at no more than ten words.
    pub(crate) fn plain(after: &'a [u8], request_time: i64) -> Option<Self> {
        let (values, count, rest) = tokens::<KNOWN_FIELDS>(after)?;
        let fitting =
            FIELDS.iter().zip(&values[..count]).take_while(|(field, value)| fits(**field, value)).count();
        let tail = if fitting == count {
            Self { values, count, extra: rest.strip_prefix(b" "), ambiguous: false }
        } else if fitting > MIN_SINCE_2019 {
            let at = span_of(after, values[fitting]).start as usize;
            Self { values, count: fitting, extra: Some(&after[at..]), ambiguous: false }
        } else {
            let tail = Self { values, count, extra: None, ambiguous: request_time >= ROLLOUT_SETTLED };
            return if request_time < ROLLOUT_END { tail.without_token_of_march_2019() } else { None };
        };
        tail.has_known_length().then_some(tail)
    }

    /// Builds a tail from fields that were not assigned word by word.
    pub(crate) fn aligned(values: &[&'a [u8]]) -> Self {
        let mut tail =
            Self { values: [b"-"; KNOWN_FIELDS], count: values.len(), extra: None, ambiguous: true };
        tail.values[..values.len()].copy_from_slice(values);
        tail
    }

    /// 17 fields until 2012, 18 until March 2019, then 23 or 24, 25 from 2021, 26 from 2022, 27 from 2026.
    fn has_known_length(&self) -> bool {
        matches!(self.count, 0 | 1 | MIN_SINCE_2019..)
    }

    /// Whether the shape of the values rules out any other reading: the fast path accepts no other tails.
    pub(crate) fn is_unambiguous(&self, request_time: i64) -> bool {
        if self.count <= 1 {
            return self.extra.is_none();
        }
        self.extra.is_none()
            && !self.ambiguous
            && self.is_consistent()
            && !is_host_id(self.values[5])
            && fits_period(self.count, self.may_continue(), request_time)
    }

    /// Whether words after the host header may belong to it: in a request without TLS, if the header and all
    /// that follows are not dashes alone.
    fn may_continue(&self) -> bool {
        let is_present = |value: &&[u8]| **value != *b"-";
        self.values[3] == b"-" && self.values[5..self.count].iter().any(is_present)
    }

    /// Cipher suite and TLS version must both be present or both be missing.
    pub(crate) fn is_consistent(&self) -> bool {
        self.count <= MIN_SINCE_2019 || (self.values[3] == b"-") == (self.values[6] == b"-")
    }

    /// During the roll-out of March 2019, some lines had an extra token (`-`, or the unique id of a user or
    /// role) between version_id and host_id for some weeks.
    fn without_token_of_march_2019(&self) -> Option<Self> {
        let is_token = |value: &[u8]| {
            let is_id = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            value == b"-" || (value.len() >= 8 && value[0] == b'A' && value.iter().all(is_id))
        };
        let is_candidate =
            matches!(self.count, 7 | 8) && is_host_id(self.values[2]) && is_token(self.values[1]);
        if !is_candidate {
            return None;
        }
        let mut values = self.values;
        values[1..self.count].rotate_left(1);
        let tail = Self { values, count: self.count - 1, extra: Some(self.values[1]), ..*self };
        FIELDS
            .iter()
            .zip(&tail.values[..tail.count])
            .all(|(field, value)| fits(*field, value))
            .then_some(tail)
    }

    /// Whether the second value is an unmistakable host id.
    pub(crate) fn has_host_id(&self) -> bool {
        self.count > 1 && is_host_id(self.values[1])
    }

    /// Whether the first value looks like a host id, and the second does not.
    pub(crate) fn has_shifted_host_id(&self) -> bool {
        self.count > 1 && is_host_id(self.values[0]) && !is_host_id(self.values[1])
    }

    /// Whether the tail reaches the host header, as every tail since March 2019 does.
    pub(crate) fn has_host_header(&self) -> bool {
        self.count >= MIN_SINCE_2019
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn extra(&self) -> Option<&'a [u8]> {
        self.extra
    }

    pub(crate) fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// The same tail, marked as one of several readings.
    pub(crate) fn marked(self) -> Self {
        Self { ambiguous: true, ..self }
    }

    /// The host header without the quotes that some servers put around it. S3, which can be recognised by its
    /// host ids, adds none: there, quotes come from the client and are kept.
    fn host_header<'v>(&self, value: &'v [u8]) -> &'v [u8] {
        match value {
            [b'"', inner @ .., b'"'] if !self.has_host_id() && !inner.is_empty() && !has_quote(inner) => {
                inner
            }
            _ => value,
        }
    }

    /// Writes the fields.
    pub(crate) fn set(&self, line: &[u8], out: &mut Fields) {
        for (field, value) in FIELDS.into_iter().zip(&self.values[..self.count]) {
            let value = if field == F::HostHeader { self.host_header(value) } else { value };
            out.set(field, line, value);
            out.anomalies.insert_if(Anomalies::EMBEDDED_QUOTE, field == F::HostHeader && has_quote(value));
        }
        out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, self.ambiguous);
        if let Some(extra) = self.extra {
            out.extra = span_of(line, extra);
            out.anomalies.insert(Anomalies::EXTRA_FIELDS);
        }
    }
}

/// Whether a tail with `count` fields may have been written at that time. A longer tail may be due to a host
/// header that ends in ` -`, but only in a request without TLS, where only dashes follow.
pub(crate) fn fits_period(count: usize, may_end_in_dashes: bool, request_time: i64) -> bool {
    request_time >= LONG_TAILS_SINCE
        && (!may_end_in_dashes || count <= MIN_SINCE_2019 + max_fields_after_host(request_time))
}

/// 2021-06-01, 2022-11-01 and 2026-01-01 in seconds since 1970: a 25th, 26th and 27th field may occur from
/// these dates on.
pub(crate) const FIELD_ADDITIONS: [i64; 3] = [1_622_505_600, 1_667_260_800, 1_767_225_600];

/// The most fields that a line of that time has after the host header: TLS version, access point, ACL,
/// region.
fn max_fields_after_host(request_time: i64) -> usize {
    1 + FIELD_ADDITIONS.into_iter().filter(|since| *since <= request_time).count()
}

/// The fewest fields that a line of that time has there. Roll-outs overlap: lines of the old length continue
/// until the next field appears.
pub(crate) fn min_fields_after_host(request_time: i64) -> usize {
    if request_time < ROLLOUT_END { 0 } else { max_fields_after_host(request_time).saturating_sub(1).max(1) }
}

/// Whether `value` may be `field` in the tail. Only the host header may contain a quote, because the client
/// chooses it.
pub(crate) fn fits(field: F, value: &[u8]) -> bool {
    looks_like(field, value) && (field == F::HostHeader || !has_quote(value))
}

pub(crate) fn has_quote(value: &[u8]) -> bool {
    memchr::memchr(b'"', value).is_some()
}

/// Whether `value` looks like a value of `field`. Loose on purpose: values change, but their shape hardly
/// does.
pub(crate) fn looks_like(field: F, value: &[u8]) -> bool {
    value == b"-"
        || match field {
            F::SignatureVersion => is_signature_version(value),
            F::CipherSuite => value.len() < HOST_ID_LEN,
            F::AuthenticationType => is_authentication_type(value),
            F::TlsVersion => is_tls_version(value),
            F::AccessPointArn => value.starts_with(b"arn:"),
            F::AclRequired => value.iter().all(u8::is_ascii_alphabetic),
            F::SourceRegion => is_region(value),
            _ => true,
        }
}

pub(crate) fn is_signature_version(value: &[u8]) -> bool {
    value.starts_with(b"Sig") && value.len() <= 16
}

pub(crate) fn is_authentication_type(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_alphabetic) && value.len() <= 32
}

/// `TLSv1.2`, `TLSV1.1`, `SSLv3`
pub(crate) fn is_tls_version(value: &[u8]) -> bool {
    match value {
        [family @ .., b'v' | b'V', major, _, _] | [family @ .., b'v' | b'V', major] => {
            major.is_ascii_digit()
                && (family.eq_ignore_ascii_case(b"TLS") || family.eq_ignore_ascii_case(b"SSL"))
        }
        _ => false,
    }
}

fn is_region(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// The minimum length of a host id in bytes; S3 writes 64, 76 or 88.
const HOST_ID_LEN: usize = 50;

/// Base64 of the usual length.
pub(crate) fn is_host_id(value: &[u8]) -> bool {
    value.len() >= HOST_ID_LEN
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'))
}

/// Fills the fields of a malformed tail that can be recognised by their form: the TLS version with the host,
/// authentication type, cipher and signature version before it, and the access point, ACL and region after
/// it. If that form occurs twice, one may be text from the client, and nothing is filled.
pub(crate) fn by_form(line: &[u8], tail: &[u8], out: &mut Fields) {
    let mut window: [&[u8]; 5] = [&[]; 5];
    let mut found: Option<([&[u8]; 5], Words<'_>)> = None;
    let mut signature_version: Option<&[u8]> = None;
    let mut signatures = 0;
    let mut words = Words(tail);
    while let Some(value) = words.next() {
        window.rotate_left(1);
        window[4] = value;
        let [signature, cipher, authentication, _, tls] = window;
        let is_end = is_tls_version(tls)
            && (is_signature_version(signature) || signature == b"-")
            && (is_authentication_type(authentication) || authentication == b"-")
            && !cipher.is_empty();
        if is_end {
            if found.is_some() {
                return;
            }
            found = Some((window, Words(words.0)));
        }
        if is_signature_version(value) {
            signatures += 1;
            signature_version = Some(value);
        }
    }
    match found {
        Some(([signature, cipher, authentication, host, tls], words)) => {
            out.set(F::SignatureVersion, line, signature);
            out.set(F::CipherSuite, line, cipher);
            out.set(F::AuthenticationType, line, authentication);
            out.set(F::HostHeader, line, host);
            out.set(F::TlsVersion, line, tls);
            for (field, value) in [F::AccessPointArn, F::AclRequired, F::SourceRegion].into_iter().zip(words)
            {
                if !looks_like(field, value) {
                    break;
                }
                out.set(field, line, value);
            }
        }
        None if signatures == 1 => out.set(F::SignatureVersion, line, signature_version.unwrap_or_default()),
        None => {}
    }
}

/// The words of a text, separated by runs of spaces.
struct Words<'a>(&'a [u8]);

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.0.iter().position(|byte| *byte != b' ')?;
        let rest = &self.0[start..];
        let length = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        self.0 = &rest[length..];
        Some(&rest[..length])
    }
}

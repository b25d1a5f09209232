//! The tail: what S3 writes after the user agent. It grew over the years, by roll-outs that went through the fleet in
//! weeks, so lines of different length stand side by side.

use crate::Anomalies;
use crate::field::Field as F;
use crate::grammar::tokens;
use crate::record::{Fields, span_of};

/// How many fields of the tail are known today: version_id to source_region.
const KNOWN: usize = 10;

/// How many a line has at the least since March 2019; some of the roll-out's first weeks lack the TLS version.
pub(crate) const MIN_SINCE_2019: usize = 6;

/// 2020-01-01 in seconds since 1970: the roll-out of March 2019 and its stragglers are over. Since then every tail
/// reaches the host header, and no extra token stands before the host id.
pub(crate) const ROLLED_OUT: i64 = 1_577_836_800;

/// The tail's fields, in line order.
pub(crate) const FIELDS: [F; KNOWN] = [
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

/// A tail that reads well.
pub(crate) struct Tail<'a> {
    values: [&'a [u8]; KNOWN],
    count: usize,
    extra: Option<&'a [u8]>,
}

impl<'a> Tail<'a> {
    /// Reads ` version_id host_id …` to the end of the line. What stands behind the last field known today, or behind
    /// the TLS version where it does not look like its field, is extra. `None` where there are runs of spaces, a
    /// number of fields that no age of the format had, or values that do not look like their fields.
    pub(crate) fn read(after: &'a [u8], request_time: i64) -> Option<Self> {
        let (values, count, rest) = tokens::<KNOWN>(after)?;
        let fitting =
            FIELDS.iter().zip(&values[..count]).take_while(|(field, value)| fits(**field, value)).count();
        let tail = if fitting == count {
            Self { values, count, extra: rest.strip_prefix(b" ") }
        } else if fitting > MIN_SINCE_2019 {
            let at = span_of(after, values[fitting]).start as usize;
            Self { values, count: fitting, extra: Some(&after[at..]) }
        } else {
            let tail = Self { values, count, extra: None };
            return if request_time < ROLLED_OUT { tail.without_token_of_march_2019() } else { None };
        };
        tail.has_a_count_of_some_age().then_some(tail)
    }

    /// 17 fields to 2012, 18 to March 2019, 23 or 24 then, 25 from 2021, 26 from 2022, 27 from 2026.
    fn has_a_count_of_some_age(&self) -> bool {
        matches!(self.count, 0 | 1 | MIN_SINCE_2019..)
    }

    /// In the roll-out of March 2019 an extra token stood between version_id and host_id for some weeks.
    fn without_token_of_march_2019(&self) -> Option<Self> {
        let is_candidate =
            matches!(self.count, 7 | 8) && is_host_id(self.values[2]) && !is_host_id(self.values[1]);
        if !is_candidate {
            return None;
        }
        let mut values = self.values;
        values[1..self.count].rotate_left(1);
        let tail = Self { values, count: self.count - 1, extra: Some(self.values[1]) };
        FIELDS
            .iter()
            .zip(&tail.values[..tail.count])
            .all(|(field, value)| fits(*field, value))
            .then_some(tail)
    }

    /// Whether the second value is a host id beyond doubt.
    pub(crate) fn has_host_id(&self) -> bool {
        self.count > 1 && is_host_id(self.values[1])
    }

    /// Whether it reaches the host header, as every tail since March 2019 does.
    pub(crate) fn has_host_header(&self) -> bool {
        self.count >= MIN_SINCE_2019
    }

    /// Writes the fields.
    pub(crate) fn set(&self, line: &[u8], out: &mut Fields) {
        for (field, value) in FIELDS.into_iter().zip(&self.values[..self.count]) {
            out.set(field, line, value);
            out.anomalies.insert_if(Anomalies::EMBEDDED_QUOTE, field == F::HostHeader && has_quote(value));
        }
        if let Some(extra) = self.extra {
            out.extra = span_of(line, extra);
            out.anomalies.insert(Anomalies::EXTRA_FIELDS);
        }
    }
}

/// Whether `value` may stand for `field` in the tail. No quote belongs there; the host header alone is the client's.
fn fits(field: F, value: &[u8]) -> bool {
    looks_like(field, value) && (field == F::HostHeader || !has_quote(value))
}

fn has_quote(value: &[u8]) -> bool {
    memchr::memchr(b'"', value).is_some()
}

/// Whether `value` may be a value of `field`. Loose on purpose: values change, their shape hardly does.
pub(crate) fn looks_like(field: F, value: &[u8]) -> bool {
    value == b"-"
        || match field {
            F::SignatureVersion => is_signature_version(value),
            F::AuthenticationType => is_authentication_type(value),
            F::TlsVersion => is_tls_version(value),
            F::AccessPointArn => value.starts_with(b"arn:"),
            F::AclRequired => value.iter().all(u8::is_ascii_alphabetic),
            F::SourceRegion => is_region(value),
            _ => true,
        }
}

pub(crate) fn is_signature_version(value: &[u8]) -> bool {
    value.starts_with(b"Sig")
}

pub(crate) fn is_authentication_type(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_alphabetic)
}

pub(crate) fn is_tls_version(value: &[u8]) -> bool {
    let family = value.get(..3).unwrap_or_default();
    family.eq_ignore_ascii_case(b"TLS") || family.eq_ignore_ascii_case(b"SSL")
}

fn is_region(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// Base64 of the usual length.
fn is_host_id(value: &[u8]) -> bool {
    value.len() >= 50
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'))
}

/// Fills from a tail that does not add up what its form makes certain: TLS version with host, authentication type,
/// cipher and signature version before it, and access point, ACL and region after it.
pub(crate) fn by_form(line: &[u8], tail: &[u8], out: &mut Fields) {
    let mut window: [&[u8]; 5] = [&[]; 5];
    let mut values = tail.split(|byte| *byte == b' ').filter(|value| !value.is_empty());
    let mut is_after_tls = false;
    for value in values.by_ref() {
        window.rotate_left(1);
        window[4] = value;
        let [signature, cipher, authentication, host, tls] = window;
        let is_end = is_tls_version(tls) && (is_signature_version(signature) || signature == b"-");
        if is_end && (is_authentication_type(authentication) || authentication == b"-") && !cipher.is_empty()
        {
            out.set(F::SignatureVersion, line, signature);
            out.set(F::CipherSuite, line, cipher);
            out.set(F::AuthenticationType, line, authentication);
            out.set(F::HostHeader, line, host);
            out.set(F::TlsVersion, line, tls);
            is_after_tls = true;
            break;
        }
        if is_signature_version(value) {
            out.set(F::SignatureVersion, line, value);
        }
    }
    if is_after_tls {
        for (field, value) in [F::AccessPointArn, F::AclRequired, F::SourceRegion].into_iter().zip(values) {
            if !looks_like(field, value) {
                break;
            }
            out.set(field, line, value);
        }
    }
}

//! The request line (`GET /photos/a.jpg?x=1 HTTP/1.1`), the parameters of its target, and the data in
//! presigned URLs.
//!
//! All of it is text from the client. Nothing here fails: text without meaning stays where it is or gives
//! `None`.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use crate::key::decode_once;
use crate::time::{TIME_LEN, month_name, parse_time};

/// A request-URI field, split into its parts. Every part borrows from the field.
///
/// ```
/// use saltmine_format::RequestLine;
///
/// let line = RequestLine::parse(b"GET /photos/a%20b.jpg?versionId=null HTTP/1.1");
/// assert_eq!(line.method, b"GET");
/// assert_eq!(line.decoded_path().as_ref(), b"/photos/a b.jpg");
/// assert_eq!(line.param("versionid").as_deref(), Some(&b"null"[..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLine<'a> {
    /// The method as sent; empty when the text does not start with one.
    pub method: &'a [u8],
    /// The whole request target, as sent: everything between method and version. Raw spaces and quotes stay in it.
    pub target: &'a [u8],
    /// The target up to its first `?`, percent-encoded as sent, without scheme and host if the client sent
    /// them.
    pub path: &'a [u8],
    /// The text after the first `?`; `None` if there is no `?`.
    pub query: Option<&'a [u8]>,
    /// `HTTP/1.1`; `None` when the text does not end in a version.
    pub version: Option<&'a [u8]>,
}

impl<'a> RequestLine<'a> {
    /// Splits a request line. The method ends at the first space; the version is a ` HTTP/x.y` at the end of
    /// the text, so a version forged inside the target stays in the target.
    pub fn parse(text: &'a [u8]) -> RequestLine<'a> {
        let (method, rest) = split_method(text);
        let (target, version) = split_version(rest);
        let target = target.strip_prefix(b" ").unwrap_or(target);
        let (path, query) = match memchr(b'?', target) {
            Some(at) => (&target[..at], Some(&target[at + 1..])),
            None => (target, None),
        };
        RequestLine { method, target, path: without_origin(path), query, version }
    }

    /// The path, percent-decoded once, with `+` for a space as S3 reads it. It corresponds to the result of
    /// [`object_key`](crate::object_key) for the key field.
    pub fn decoded_path(&self) -> Cow<'a, [u8]> {
        decode_once(self.path)
    }

    /// The query parameters as sent, in order. A parameter without `=` (a sub-resource such as `acl`) has an
    /// empty value; empty parameters (`&&`) are skipped.
    pub fn params(&self) -> Params<'a> {
        Params { rest: self.query.unwrap_or_default() }
    }

    /// The first parameter with this name (case-insensitive), percent-decoded; empty if it has no value.
    pub fn param(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.raw_param(name).map(decode_once)
    }

    /// Whether the query contains signature parameters: `X-Amz-Credential` and `X-Amz-Expires` (SigV4), or
    /// `AWSAccessKeyId` and `Expires` (SigV2). The signature itself is not required, because it is often
    /// removed from logs.
    ///
    /// Only the client decides what this says; for S3's own statement see the field `authentication_type`.
    pub fn is_presigned(&self) -> bool {
        self.is_presigned_v4() || self.is_presigned_v2()
    }

    /// When a presigned URL was signed (`X-Amz-Date`), in seconds since 1970 (UTC). `None` for SigV2, which
    /// does not record it.
    pub fn presigned_at(&self) -> Option<i64> {
        self.is_presigned_v4().then(|| self.raw_param("X-Amz-Date").and_then(amz_date)).flatten()
    }

    /// When a presigned URL expires, in seconds since 1970 (UTC): `X-Amz-Date` plus `X-Amz-Expires`, or
    /// `Expires` for SigV2. `None` if the request is not presigned, or if its numbers are invalid or beyond
    /// the year 9999.
    pub fn presigned_expires(&self) -> Option<i64> {
        const END_OF_YEAR_9999: i64 = 253_402_300_799;
        let expires = if self.is_presigned_v4() {
            self.presigned_at()?.checked_add(self.int_param("X-Amz-Expires")?)?
        } else if self.is_presigned_v2() {
            self.int_param("Expires")?
        } else {
            return None;
        };
        (expires <= END_OF_YEAR_9999).then_some(expires)
    }

    /// The access key id from `X-Amz-Credential` (SigV4) or `AWSAccessKeyId` (SigV2); `None` if both are
    /// missing or it is empty.
    pub fn access_key_id(&self) -> Option<Cow<'a, [u8]>> {
        let id = match self.raw_param("X-Amz-Credential") {
            // KEY/20260501/us-east-1/s3/aws4_request; its slashes are usually escaped.
            Some(credential) => {
                let plain = memchr(b'/', credential);
                let escaped = memmem::find(credential, b"%2F").or_else(|| memmem::find(credential, b"%2f"));
                let end = plain.into_iter().chain(escaped).min().unwrap_or(credential.len());
                &credential[..end]
            }
            None => self.raw_param("AWSAccessKeyId")?,
        };
        (!id.is_empty()).then(|| decode_once(id))
    }

    fn is_presigned_v4(&self) -> bool {
        self.raw_param("X-Amz-Expires").is_some() && self.raw_param("X-Amz-Credential").is_some()
    }

    fn is_presigned_v2(&self) -> bool {
        self.raw_param("AWSAccessKeyId").is_some() && self.raw_param("Expires").is_some()
    }

    fn raw_param(&self, name: &str) -> Option<&'a [u8]> {
        self.params().find(|(found, _)| is_name(found, name)).map(|(_, value)| value)
    }

    /// A parameter of up to 18 decimal digits, so that later arithmetic cannot overflow.
    fn int_param(&self, name: &str) -> Option<i64> {
        let value = self.raw_param(name)?;
        if value.is_empty() || value.len() > 18 || !value.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(value.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }
}

/// The parameters of a query, as `(name, value)` in the bytes sent. See [`RequestLine::params`].
#[derive(Debug, Clone)]
pub struct Params<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Params<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let (param, rest) = match memchr(b'&', self.rest) {
                Some(at) => (&self.rest[..at], &self.rest[at + 1..]),
                None => (self.rest, &self.rest[self.rest.len()..]),
            };
            self.rest = rest;
            if param.is_empty() {
                continue;
            }
            return Some(match memchr(b'=', param) {
                Some(at) => (&param[..at], &param[at + 1..]),
                None => (param, &param[param.len()..]),
            });
        }
        None
    }
}

impl std::iter::FusedIterator for Params<'_> {}

/// The method, and the rest with its leading space. Text without a space is a method only if it consists of
/// letters.
fn split_method(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b' ', text) {
        Some(at) => text.split_at(at),
        None if text.iter().all(u8::is_ascii_alphabetic) => text.split_at(text.len()),
        None => text.split_at(0),
    }
}

fn split_version(rest: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memmem::rfind(rest, b" HTTP/") {
        Some(at) if is_version_number(&rest[at + 6..]) => (&rest[..at], Some(&rest[at + 1..])),
        _ => (rest, None),
    }
}

/// `1.1` or `2`.
fn is_version_number(text: &[u8]) -> bool {
    matches!(text, [major] if major.is_ascii_digit())
        || matches!(text, [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// The path of a target in absolute form, as sent to a proxy: `http://host/path` without `http://host`.
fn without_origin(path: &[u8]) -> &[u8] {
    let has_scheme = |scheme: &[u8]| path.get(..scheme.len()).is_some_and(|p| p.eq_ignore_ascii_case(scheme));
    let host = match (has_scheme(b"http://"), has_scheme(b"https://")) {
        (true, _) => 7,
        (_, true) => 8,
        _ => return path,
    };
    let end = memchr(b'/', &path[host..]).map_or(path.len(), |at| host + at);
    &path[end..]
}

/// Compares a parameter name as sent with the name to find, ignoring case and decoding escapes.
fn is_name(sent: &[u8], name: &str) -> bool {
    if sent.len() < name.len() {
        return false;
    }
    if sent.len() == name.len() {
        return sent.eq_ignore_ascii_case(name.as_bytes());
    }
    // If it is longer than the name, it can only match through escapes, which take three bytes for one.
    sent.len() <= 3 * name.len()
        && memchr(b'%', sent).is_some()
        && decode_once(sent).eq_ignore_ascii_case(name.as_bytes())
}

/// `20260501T101500Z` as seconds since 1970.
fn amz_date(text: &[u8]) -> Option<i64> {
    let &[y0, y1, y2, y3, m0, m1, d0, d1, b'T', h0, h1, n0, n1, s0, s1, b'Z'] = text else { return None };
    if !(m0.is_ascii_digit() && m1.is_ascii_digit()) {
        return None;
    }
    let month = month_name(u32::from(m0 - b'0') * 10 + u32::from(m1 - b'0'))?.as_bytes();
    let log_time: [u8; TIME_LEN] = [
        d0, d1, b'/', month[0], month[1], month[2], b'/', y0, y1, y2, y3, b':', h0, h1, b':', n0, n1, b':',
        s0, s1, b' ', b'+', b'0', b'0', b'0', b'0',
    ];
    parse_time(&log_time)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn line(text: &str) -> RequestLine<'_> {
        RequestLine::parse(text.as_bytes())
    }

    /// Method, path, query, version.
    fn parts(text: &str) -> [Option<&str>; 4] {
        let line = line(text);
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        [Some(text(line.method)), Some(text(line.path)), line.query.map(text), line.version.map(text)]
    }

    #[test]
    fn plain_lines() {
        assert_eq!(parts("GET /a.txt HTTP/1.1"), [Some("GET"), Some("/a.txt"), None, Some("HTTP/1.1")]);
        assert_eq!(parts("PUT /b?acl HTTP/2"), [Some("PUT"), Some("/b"), Some("acl"), Some("HTTP/2")]);
        assert_eq!(parts("GET /? HTTP/1.0"), [Some("GET"), Some("/"), Some(""), Some("HTTP/1.0")]);
        assert_eq!(parts("GET /a?b?c HTTP/1.1"), [Some("GET"), Some("/a"), Some("b?c"), Some("HTTP/1.1")]);
    }

    #[test]
    fn incomplete_lines() {
        assert_eq!(parts("GET /a.txt"), [Some("GET"), Some("/a.txt"), None, None]);
        assert_eq!(parts("GET"), [Some("GET"), Some(""), None, None]);
        assert_eq!(parts("GET HTTP/1.1"), [Some("GET"), Some(""), None, Some("HTTP/1.1")]);
        assert_eq!(parts("GET  HTTP/1.1"), [Some("GET"), Some(""), None, Some("HTTP/1.1")]);
        assert_eq!(parts("/a.txt"), [Some(""), Some("/a.txt"), None, None]);
        assert_eq!(parts("GET/a.png"), [Some(""), Some("GET/a.png"), None, None]);
        assert_eq!(parts(""), [Some(""), Some(""), None, None]);
        assert_eq!(parts("-"), [Some(""), Some("-"), None, None]);
        assert_eq!(parts("GET /a HTTP/x"), [Some("GET"), Some("/a HTTP/x"), None, None]);
        assert_eq!(parts("GET /a HTTP/1.1 "), [Some("GET"), Some("/a HTTP/1.1 "), None, None]);
    }

    #[test]
    fn spaces_quotes_and_forged_versions_stay_in_the_target() {
        assert_eq!(
            parts("GET /a b\".txt?x=\"y z\" HTTP/1.1"),
            [Some("GET"), Some("/a b\".txt"), Some("x=\"y z\""), Some("HTTP/1.1")]
        );
        let forged = line("GET /a HTTP/1.1\" 200 - 1 1 1 1 \"x HTTP/1.1");
        assert_eq!(forged.target, b"/a HTTP/1.1\" 200 - 1 1 1 1 \"x");
        assert_eq!(forged.version, Some(&b"HTTP/1.1"[..]));
    }

    #[test]
    fn the_host_of_an_absolute_target_is_not_part_of_the_path() {
        assert_eq!(parts("GET http://b.example/a?c HTTP/1.1")[1..3], [Some("/a"), Some("c")]);
        assert_eq!(parts("GET HTTPS://b.example HTTP/1.1")[1], Some(""));
        assert_eq!(parts("GET //b.example/a HTTP/1.1")[1], Some("//b.example/a"));
        assert_eq!(parts("GET /http://b.example/a HTTP/1.1")[1], Some("/http://b.example/a"));
    }

    #[test]
    fn params_in_order_and_by_name() {
        let line = line("GET /?list-type=2&&prefix=a%2Fb+c&Prefix=second&acl&=x&e= HTTP/1.1");
        let found: Vec<_> = line.params().collect();
        let expected: [(&[u8], &[u8]); 6] = [
            (b"list-type", b"2"),
            (b"prefix", b"a%2Fb+c"),
            (b"Prefix", b"second"),
            (b"acl", b""),
            (b"", b"x"),
            (b"e", b""),
        ];
        assert_eq!(found, expected);
        assert_eq!(line.param("PREFIX").as_deref(), Some(&b"a/b c"[..]), "the first one counts");
        assert_eq!(line.param("acl").as_deref(), Some(&b""[..]));
        assert_eq!(line.param("list"), None);
        assert!(matches!(line.param("list-type"), Some(Cow::Borrowed(b"2"))));
        assert_eq!(RequestLine::parse(b"GET / HTTP/1.1").params().count(), 0);
    }

    #[test]
    fn escapes_do_not_hide_a_name() {
        let line = line("GET /?%76ersion%49d=a HTTP/1.1");
        assert_eq!(line.param("versionId").as_deref(), Some(&b"a"[..]));
    }

    #[test]
    fn presigned_with_version_4() {
        let url = line(
            "GET /a.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20260501%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20260501T101500Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=XXXX HTTP/1.1",
        );
        assert!(url.is_presigned());
        assert_eq!(url.presigned_at(), Some(1_777_630_500));
        assert_eq!(url.presigned_expires(), Some(1_777_631_400));
        assert!(matches!(url.access_key_id(), Some(Cow::Borrowed(b"AKIAEXAMPLE"))));
        let lower =
            line("GET /a?x-amz-credential=ASIA/1/2&x-amz-date=20260501T101500Z&x-amz-expires=1 HTTP/1.1");
        assert_eq!(lower.presigned_expires(), Some(1_777_630_501));
        assert_eq!(lower.access_key_id().as_deref(), Some(&b"ASIA"[..]));
    }

    #[test]
    fn presigned_with_version_2() {
        let url =
            line("GET /a.txt?AWSAccessKeyId=AKIAEXAMPLE&Expires=1383345600&Signature=a%2Bb%3D HTTP/1.1");
        assert!(url.is_presigned());
        assert_eq!(url.presigned_at(), None);
        assert_eq!(url.presigned_expires(), Some(1_383_345_600));
        assert_eq!(url.access_key_id().as_deref(), Some(&b"AKIAEXAMPLE"[..]));
    }

    #[test]
    fn numbers_of_presigned_urls_are_not_trusted() {
        let v4 = |date: &str, expires: &str| {
            let text =
                format!("GET /?X-Amz-Credential=A%2FB&X-Amz-Date={date}&X-Amz-Expires={expires} HTTP/1.1");
            line(&text).presigned_expires()
        };
        assert_eq!(v4("20260501T101500Z", "0"), Some(1_777_630_500));
        for (date, expires) in [
            ("20261301T101500Z", "900"),
            ("20260230T101500Z", "900"),
            ("20260501T251500Z", "900"),
            ("2026-05-01", "900"),
            ("2026/501T101500Z", "900"),
            ("20260501T101500Z", ""),
            ("20260501T101500Z", "-1"),
            ("20260501T101500Z", "9e9"),
            ("20260501T101500Z", "999999999999999999"),
            ("20260501T101500Z", "9999999999999999999999"),
        ] {
            assert_eq!(v4(date, expires), None, "{date} {expires}");
        }
        assert_eq!(line("GET /?AWSAccessKeyId=A&Expires=1700000000000 HTTP/1.1").presigned_expires(), None);
        assert_eq!(line("GET /?Expires=1700000000 HTTP/1.1").presigned_expires(), None);
        assert!(!line("GET /?response-expires=1&AWSAccessKeyId=A HTTP/1.1").is_presigned());
        assert!(!line("GET /a HTTP/1.1").is_presigned());
        assert_eq!(line("GET /?AWSAccessKeyId= HTTP/1.1").access_key_id(), None);
        assert_eq!(line("GET /?X-Amz-Credential=%2Fx HTTP/1.1").access_key_id(), None);
    }
}

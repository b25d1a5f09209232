//! Signature Version 4 for requests.
//!
//! Gives the same signatures as `object_store`, which the tests verify. `object_store` derives the daily key
//! and parses the URL again for every request; for many small objects this takes more time than reading their
//! content.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderName, HeaderValue, Method};
use object_store::aws::AwsCredential;
use ring::{digest, hmac};

use crate::error::Problem;

const DATE_HEADER: HeaderName = HeaderName::from_static("x-amz-date");
const CONTENT_HASH_HEADER: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The SHA-256 of empty input.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The signed parts of a request.
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a Method,
    /// Includes the port, if the URL has one.
    pub(crate) host: &'a str,
    /// Escaped.
    pub(crate) path: &'a str,
    /// Escaped and sorted by name.
    pub(crate) query: &'a str,
    /// Names in lower case; values without leading or trailing white space, or two spaces in a row.
    pub(crate) headers: &'a [(HeaderName, String)],
    pub(crate) body: &'a [u8],
}

/// Signs requests for one region.
#[derive(Debug)]
pub(crate) struct Signer {
    region: String,
    key: Mutex<Option<Arc<DayKey>>>,
}

/// The signing key of one day.
#[derive(Debug)]
struct DayKey {
    credential: Arc<AwsCredential>,
    /// `YYYYMMDD/region/s3/aws4_request`.
    scope: String,
    key: hmac::Key,
}

impl Signer {
    pub(crate) fn new(region: String) -> Self {
        Self { region, key: Mutex::default() }
    }

    /// The headers of the signed request, including those of `request`.
    ///
    /// # Errors
    /// If a header would contain invalid characters.
    pub(crate) fn headers(
        &self,
        request: &Unsigned<'_>,
        credential: &Arc<AwsCredential>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
        let time = now.format("%Y%m%dT%H%M%SZ").to_string();
        let body = match request.body {
            [] => EMPTY_SHA256.to_owned(),
            body => hex(digest::digest(&digest::SHA256, body).as_ref()),
        };
        let mut headers: Vec<(HeaderName, &str)> =
            request.headers.iter().map(|(name, value)| (name.clone(), value.as_str())).collect();
        headers.extend([(HOST, request.host), (DATE_HEADER, &time), (CONTENT_HASH_HEADER, &body)]);
        headers.extend(credential.token.as_deref().map(|token| (TOKEN_HEADER, token)));
        headers.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
        let mut canonical = format!("{}\n{}\n{}\n", request.method, request.path, request.query);
        for (name, value) in &headers {
            let _ = writeln!(canonical, "{name}:{value}"); // writing to a String does not fail
        }
        let _ = write!(canonical, "\n{names}\n{body}");
        let key = self.key(credential, &time[..8]);
        let digest = digest::digest(&digest::SHA256, canonical.as_bytes());
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{}\n{}", key.scope, hex(digest.as_ref()));
        let signature = hex(hmac::sign(&key.key, text.as_bytes()).as_ref());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={names}, Signature={signature}",
            credential.key_id, key.scope
        );
        headers.push((AUTHORIZATION, &authorization));
        let valid =
            |(name, value): (HeaderName, &str)| HeaderValue::from_str(value).map(|value| (name, value));
        let headers: Result<_, _> = headers.into_iter().map(valid).collect();
        headers
            .map_err(|_| Problem::NoCredentials("they or the request contain invalid characters".to_owned()))
    }

    fn key(&self, credential: &Arc<AwsCredential>, day: &str) -> Arc<DayKey> {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        match &*key {
            Some(key) if key.credential == *credential && key.scope.starts_with(day) => Arc::clone(key),
            _ => {
                let new = Arc::new(DayKey::new(credential, day, &self.region));
                *key = Some(Arc::clone(&new));
                new
            }
        }
    }
}

impl DayKey {
    fn new(credential: &Arc<AwsCredential>, day: &str, region: &str) -> Self {
        let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let first = key(format!("AWS4{}", credential.secret_key).as_bytes());
        let parts = [day, region, "s3", "aws4_request"];
        Self {
            key: parts.iter().fold(first, |last, part| key(hmac::sign(&last, part.as_bytes()).as_ref())),
            scope: parts.join("/"),
            credential: Arc::clone(credential),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(HEX_DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use http::header::{IF_MATCH, RANGE};
    use object_store::aws::AwsAuthorizer;
    use object_store::client::HttpRequestBody;

    use super::*;

    fn credential(secret: &str, token: Option<&str>) -> Arc<AwsCredential> {
        let (key_id, secret_key) = ("AKIDEXAMPLE".to_owned(), secret.to_owned());
        Arc::new(AwsCredential { key_id, secret_key, token: token.map(str::to_owned) })
    }

    /// The same request signed by `object_store`, which chooses the time itself.
    fn oracle(request: &Unsigned<'_>, credential: &AwsCredential) -> BTreeMap<String, String> {
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let url = format!("http://{}{}{query}", request.host, request.path);
        let builder = http::Request::builder().method(request.method.clone()).uri(url);
        let body = HttpRequestBody::from(request.body.to_vec());
        let mut signed = request
            .headers
            .iter()
            .fold(builder, |builder, (name, value)| builder.header(name, value))
            .body(body)
            .unwrap();
        AwsAuthorizer::new(credential, "s3", "eu-west-1").authorize(&mut signed, None);
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        signed.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    }

    #[test]
    fn signatures_equal_those_of_object_store() {
        let signer = Signer::new("eu-west-1".to_owned());
        let none: &[(HeaderName, String)] = &[];
        let some = &[(RANGE, "bytes=0-9".to_owned()), (IF_MATCH, "\"a b\"".to_owned())][..];
        let payer = &[(HeaderName::from_static("x-amz-request-payer"), "requester".to_owned())][..];
        for credential in
            [credential("one", None), credential("two", Some("to+/ken")), credential("one", None)]
        {
            for (method, path, query, headers, body) in [
                (Method::GET, "/b/a%2Bb/c%20d", "", none, &b""[..]),
                (Method::GET, "/", "delimiter=%2F&encoding-type=url&list-type=2&prefix=a%2F", payer, b""),
                (Method::PUT, "/b//x/%C3%A9", "", some, b"content"),
                (Method::HEAD, "/b/x", "", payer, b""),
            ] {
                let host = "127.0.0.1:9000";
                let request = Unsigned { method: &method, host, path, query, headers, body };
                let theirs = oracle(&request, &credential);
                let time = &theirs["x-amz-date"];
                let now = chrono::NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").unwrap().and_utc();
                let ours = signer.headers(&request, &credential, now).unwrap();
                let ours: BTreeMap<String, String> = ours
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                    .collect();
                assert_eq!(ours, theirs);
            }
        }
    }

    #[test]
    fn a_key_depends_on_the_day_and_the_credential() {
        let signer = Signer::new("eu-west-1".to_owned());
        let one = credential("one", None);
        let key = signer.key(&one, "20260301");
        assert!(Arc::ptr_eq(&key, &signer.key(&credential("one", None), "20260301")));
        assert_eq!(signer.key(&one, "20260302").scope, "20260302/eu-west-1/s3/aws4_request");
        assert!(!Arc::ptr_eq(&key, &signer.key(&credential("two", None), "20260301")));
    }

    #[test]
    fn invalid_header_characters_are_an_error() {
        let signer = Signer::new("eu-west-1".to_owned());
        let method = Method::GET;
        let request = Unsigned { method: &method, host: "h", path: "/", query: "", headers: &[], body: b"" };
        let signed = signer.headers(&request, &credential("one", Some("a\nb")), Utc::now());
        assert!(matches!(signed, Err(Problem::NoCredentials(_))));
    }
}

//! A client for one bucket.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{DATE, ETAG, IF_MATCH, IF_NONE_MATCH, LAST_MODIFIED, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use object_store::aws::{AmazonS3, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::environment::settings;
use crate::error::{Problem, S3Error, chain};
use crate::reply::{self, Page};
use crate::retry;
use crate::sign::{Signer, Unsigned};

/// Characters to escape in keys; in queries the slash too.
const KEY_ESCAPES: AsciiSet = QUERY_ESCAPES.remove(b'/');
const QUERY_ESCAPES: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The requester pays for the request.
const REQUEST_PAYER: HeaderName = HeaderName::from_static("x-amz-request-payer");

/// A client for one bucket.
pub struct Bucket {
    pub(crate) name: String,
    /// The scheme, host and port of the URL.
    pub(crate) origin: String,
    /// The host, with the port unless it is the default for the scheme.
    pub(crate) host: String,
    /// The path, without a trailing slash.
    pub(crate) path: String,
    pub(crate) signer: Signer,
    /// `None` if requests are not signed.
    pub(crate) credentials: Option<AwsCredentialProvider>,
    pub(crate) requester_pays: bool,
    pub(crate) client: HttpClient,
    pub(crate) store: Arc<AmazonS3>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.name)
    }
}

/// An object that was read.
#[derive(Clone, Debug)]
pub struct FetchedObject {
    /// Its content.
    pub content: Bytes,
    /// Changes whenever the content changes.
    pub etag: Option<String>,
    answered: Option<HeaderValue>,
    written: Option<HeaderValue>,
}

impl FetchedObject {
    fn new(headers: &HeaderMap, content: Bytes) -> Self {
        let time = |name: HeaderName| headers.get(name).cloned();
        Self { content, etag: etag_of(headers), answered: time(DATE), written: time(LAST_MODIFIED) }
    }

    /// Time between writing the object and this response, by the server's clock; `None` if the server does
    /// not say.
    pub fn age(&self) -> Option<Duration> {
        let time =
            |value: &Option<HeaderValue>| DateTime::parse_from_rfc2822(value.as_ref()?.to_str().ok()?).ok();
        (time(&self.answered)? - time(&self.written)?).to_std().ok().or(Some(Duration::ZERO))
    }
}

/// The condition for writing an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition<'a> {
    /// None: write unconditionally.
    Any,
    /// No such object exists.
    Absent,
    /// The object exists and has this ETag.
    Same(&'a str),
}

/// Parameters of one page of a list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Listing<'a> {
    /// The prefix of the keys.
    pub(crate) prefix: &'a str,
    /// Keys that are equal up to the next delimiter after the prefix are returned as one common prefix.
    pub(crate) delimiter: Option<&'a str>,
    /// Only keys that sort after this one. No effect with a token.
    pub(crate) after: Option<&'a str>,
    /// The continuation token of the previous page.
    pub(crate) token: Option<&'a str>,
    /// The maximum number of keys and common prefixes; the server decides if `None`.
    pub(crate) most: Option<u32>,
}

/// A request before it is signed.
struct UnsignedRequest<'a> {
    action: &'static str,
    method: Method,
    key: &'a str,
    query: String,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
}

impl<'a> UnsignedRequest<'a> {
    fn new(action: &'static str, method: Method, key: &'a str) -> Self {
        Self { action, method, key, query: String::new(), headers: Vec::new(), body: Bytes::new() }
    }
}

impl Bucket {
    /// The client for a bucket. Sends no request.
    ///
    /// # Errors
    /// If the environment has invalid settings.
    pub fn open(name: &str) -> Result<Arc<Self>, S3Error> {
        static BUCKETS: LazyLock<Mutex<HashMap<String, Arc<Bucket>>>> = LazyLock::new(Mutex::default);
        let mut buckets = BUCKETS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get(name) {
            return Ok(Arc::clone(bucket));
        }
        let bucket =
            Arc::new(Self::from_environment(name).map_err(S3Error::at("open the bucket", name, ""))?);
        buckets.insert(name.to_owned(), Arc::clone(&bucket));
        Ok(bucket)
    }

    /// The name of the bucket.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bucket as an `object_store`. Its requests pass through the same limiter.
    pub fn store(&self) -> Arc<AmazonS3> {
        Arc::clone(&self.store)
    }

    /// Reads a whole object.
    ///
    /// # Errors
    /// If it does not exist or cannot be read.
    pub async fn get(&self, key: &str) -> Result<FetchedObject, S3Error> {
        let (headers, content) = self.send(UnsignedRequest::new("read", Method::GET, key)).await?;
        Ok(FetchedObject::new(&headers, content))
    }

    /// Like [`Bucket::get`]; `None` if there is no such object.
    ///
    /// # Errors
    /// If it exists but cannot be read.
    pub async fn find(&self, key: &str) -> Result<Option<FetchedObject>, S3Error> {
        match self.get(key).await {
            Ok(found) => Ok(Some(found)),
            Err(S3Error { problem: Problem::NoSuchKey, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the object exists.
    ///
    /// # Errors
    /// If the request fails.
    pub async fn has(&self, key: &str) -> Result<bool, S3Error> {
        match self.send(UnsignedRequest::new("look for", Method::HEAD, key)).await {
            Ok(_) => Ok(true),
            Err(S3Error { problem: Problem::NoSuchKey, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads a part of an object, provided that it still has this ETag.
    pub(crate) async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        etag: Option<&str>,
    ) -> Result<Bytes, S3Error> {
        let mut ask = UnsignedRequest::new("read", Method::GET, key);
        ask.headers.push((RANGE, format!("bytes={}-{}", range.start, range.end - 1)));
        ask.headers.extend(etag.map(|etag| (IF_MATCH, etag.to_owned())));
        let (_, bytes) = self.send(ask).await?;
        if bytes.len() as u64 != range.end - range.start {
            let text = format!("received {} of {} bytes", bytes.len(), range.end - range.start);
            return Err(S3Error::at("read", &self.name, key)(Problem::Other(text)));
        }
        Ok(bytes)
    }

    /// Writes an object and returns its ETag.
    ///
    /// # Errors
    /// [`Problem::Precondition`] if the condition does not hold; other problems if it cannot be written.
    pub async fn put(
        &self,
        key: &str,
        content: Bytes,
        condition: Condition<'_>,
    ) -> Result<Option<String>, S3Error> {
        let mut ask =
            UnsignedRequest { body: content.clone(), ..UnsignedRequest::new("write", Method::PUT, key) };
        match condition {
            Condition::Any => {}
            Condition::Absent => ask.headers.push((IF_NONE_MATCH, "*".to_owned())),
            Condition::Same(etag) => ask.headers.push((IF_MATCH, etag.to_owned())),
        }
        let refused = |error: &S3Error| {
            let gone = matches!(condition, Condition::Same(_)) && error.problem == Problem::NoSuchKey;
            error.problem == Problem::Precondition || gone
        };
        match self.send(ask).await {
            Ok((headers, _)) => Ok(etag_of(&headers)),
            // If a response was lost, the request is repeated, and the second attempt fails because the first
            // one succeeded.
            Err(error) if refused(&error) => match self.find(key).await? {
                Some(found) if found.content == content => Ok(found.etag),
                _ => Err(S3Error { problem: Problem::Precondition, ..error }),
            },
            Err(error) => Err(error),
        }
    }

    /// Deletes an object. No error if it does not exist.
    ///
    /// # Errors
    /// If it cannot be deleted.
    pub async fn delete(&self, key: &str) -> Result<(), S3Error> {
        match self.send(UnsignedRequest::new("delete", Method::DELETE, key)).await {
            Ok(_) | Err(S3Error { problem: Problem::NoSuchKey, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object if it has this ETag; otherwise does nothing. A delayed duplicate of the request is
    /// then harmless. A server without conditional deletes deletes the object unconditionally.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>
    ///
    /// # Errors
    /// If it cannot be deleted.
    pub async fn delete_if_unchanged(&self, key: &str, etag: &str) -> Result<(), S3Error> {
        let mut ask = UnsignedRequest::new("delete", Method::DELETE, key);
        ask.headers.push((IF_MATCH, etag.to_owned()));
        match self.send(ask).await {
            Ok(_) | Err(S3Error { problem: Problem::NoSuchKey | Problem::Precondition, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// One page of a list.
    pub(crate) async fn page(&self, wanted: &Listing<'_>) -> Result<Page, S3Error> {
        let Listing { prefix, delimiter, after, token, most } = wanted;
        let encoded = |text| utf8_percent_encode(text, &QUERY_ESCAPES);
        // Parameters are in order of their names, as the signature requires.
        let mut query = String::new();
        if let Some(token) = token {
            query += &format!("continuation-token={}&", encoded(token));
        }
        if let Some(delimiter) = delimiter {
            query += &format!("delimiter={}&", encoded(delimiter));
        }
        query += "encoding-type=url&list-type=2";
        if let Some(most) = most {
            query += &format!("&max-keys={most}");
        }
        if !prefix.is_empty() {
            query += &format!("&prefix={}", encoded(prefix));
        }
        if let Some(after) = after.filter(|_| token.is_none()) {
            query += &format!("&start-after={}", encoded(after));
        }
        let at = || S3Error::at("list", &self.name, prefix);
        let response =
            self.send(UnsignedRequest { query, ..UnsignedRequest::new("list", Method::GET, "") }).await;
        let (_, body) = response.map_err(|error| at()(error.problem))?;
        Page::parse(&body).map_err(at())
    }

    /// Sends a request and retries it as long as that may help.
    async fn send(&self, ask: UnsignedRequest<'_>) -> Result<(HeaderMap, Bytes), S3Error> {
        let at = |problem| S3Error::at(ask.action, &self.name, ask.key)(problem);
        if ask.key.split('/').any(|part| part == "." || part == "..") {
            return Err(at(Problem::InvalidKey));
        }
        let mut attempt = 0;
        loop {
            let may_go_on = attempt < settings().retries;
            let request = self.signed(&ask).await.map_err(at)?;
            match self.client.execute(request).await {
                Ok(answer) => {
                    let (parts, body) = answer.into_parts();
                    match body.bytes().await {
                        Ok(body) if parts.status.is_success() => return Ok((parts.headers, body)),
                        Ok(_) if may_go_on && retry::is_retryable_status(parts.status) => {}
                        Ok(body) => return Err(at(reply::problem(parts.status, &parts.headers, &body))),
                        Err(_) if may_go_on => {}
                        Err(error) => return Err(at(Problem::Unreachable(chain(&error)))),
                    }
                }
                Err(error) if may_go_on && retry::is_retryable_error(&error) => {}
                Err(error) => return Err(at(Problem::Unreachable(chain(&error)))),
            }
            tokio::time::sleep(retry::pause(attempt)).await;
            attempt += 1;
        }
    }

    /// Builds the request, signed with the current time.
    async fn signed(&self, ask: &UnsignedRequest<'_>) -> Result<HttpRequest, Problem> {
        let wrong =
            |error: &dyn std::error::Error| Problem::Other(format!("invalid request: {}", chain(error)));
        let path = format!("{}/{}", self.path, utf8_percent_encode(ask.key, &KEY_ESCAPES));
        let mut url = format!("{}{path}", self.origin);
        if !ask.query.is_empty() {
            url.push('?');
            url += &ask.query;
        }
        let body = HttpRequestBody::from(ask.body.clone());
        let request = http::Request::builder().method(ask.method.clone()).uri(url).body(body);
        let mut request = request.map_err(|error| wrong(&error))?;
        let mut headers = ask.headers.clone();
        if let Some(credentials) = &self.credentials {
            if self.requester_pays {
                headers.push((REQUEST_PAYER, "requester".to_owned()));
            }
            let credential = credentials.get_credential().await;
            let credential = credential.map_err(|error| Problem::NoCredentials(chain(&error)))?;
            let unsigned = Unsigned {
                method: &ask.method,
                host: &self.host,
                path: &path,
                query: &ask.query,
                headers: &headers,
                body: &ask.body,
            };
            request.headers_mut().extend(self.signer.headers(&unsigned, &credential, Utc::now())?);
            return Ok(request);
        }
        for (name, value) in headers {
            let value = HeaderValue::from_str(&value).map_err(|error| wrong(&error))?;
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

fn etag_of(headers: &HeaderMap) -> Option<String> {
    headers.get(ETAG)?.to_str().ok().map(str::to_owned)
}

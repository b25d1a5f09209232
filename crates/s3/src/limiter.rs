//! Limits concurrent requests, counts them, and times each out.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Response};
use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::environment::settings;

/// A request with a body gets extra time, as if it were sent at this rate (bytes per second).
const MIN_UPLOAD_RATE: u64 = 64 << 10;

static PERMITS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(settings().requests)));

/// The number of requests by kind, including retries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Pages of lists.
    pub list: u64,
    /// Reads of objects or parts of objects, and HEAD requests.
    pub get: u64,
    /// Writes of objects or parts of objects.
    pub put: u64,
    /// Deletes of objects.
    pub delete: u64,
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { list, get, put, delete } = self;
        write!(f, "{list} LIST, {get} GET, {put} PUT, {delete} DELETE")
    }
}

#[derive(Default)]
struct Counters {
    list: AtomicU64,
    get: AtomicU64,
    put: AtomicU64,
    delete: AtomicU64,
}

static COUNTERS: LazyLock<Counters> = LazyLock::new(Counters::default);

/// The requests that the process has made so far.
pub fn requests() -> Requests {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let Counters { list, get, put, delete } = &*COUNTERS;
    Requests { list: count(list), get: count(get), put: count(put), delete: count(delete) }
}

fn count(request: &HttpRequest) {
    let Counters { list, get, put, delete } = &*COUNTERS;
    let is_list = || request.uri().query().is_some_and(|query| query.contains("list-type=2"));
    let counter = match *request.method() {
        Method::GET if is_list() => list,
        Method::GET | Method::HEAD => get,
        Method::DELETE => delete,
        _ => put,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Creates clients whose requests are limited and counted.
#[derive(Debug)]
pub(crate) struct LimitedConnector {
    pub(crate) runtime: Handle,
}

impl HttpConnector for LimitedConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(LimitedService { inner, runtime: self.runtime.clone() }))
    }
}

#[derive(Debug)]
struct LimitedService {
    inner: HttpClient,
    runtime: Handle,
}

#[derive(Debug, thiserror::Error)]
#[error("no response within {} s", .0.as_secs_f32())]
struct NoResponse(Duration);

#[derive(Debug, thiserror::Error)]
#[error("the request was cancelled")]
struct Cancelled;

impl NoResponse {
    fn error(after: Duration) -> HttpError {
        HttpError::new(HttpErrorKind::Timeout, Self(after))
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl HttpService for LimitedService {
    /// Returns a response once it is complete, because not every client retries a response that breaks off.
    /// Responses are small: nothing requests more than some MiB at a time.
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_here = Handle::try_current().is_ok_and(|here| here.id() == self.runtime.id());
        if is_here {
            return limited(&self.inner, request).await;
        }
        let inner = self.inner.clone();
        let (sender, answer) = oneshot::channel();
        let _worker = AbortOnDrop(self.runtime.spawn(async move {
            let _ = sender.send(limited(&inner, request).await); // the caller may have gone
        }));
        answer.await.unwrap_or_else(|_| Err(HttpError::new(HttpErrorKind::Interrupted, Cancelled)))
    }
}

/// Sends a request once the limiter admits it, and returns the response.
async fn limited(client: &HttpClient, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let permit = PERMITS.acquire().await;
    let _permit = permit.map_err(|_| HttpError::new(HttpErrorKind::Interrupted, Cancelled))?;
    count(&request);
    let (method, target, start) = (request.method().clone(), target(&request), Instant::now());
    let answer = full_response(client, request).await;
    let milliseconds = start.elapsed().as_millis() as u64;
    match &answer {
        Ok(answer) => {
            tracing::debug!(%method, target, status = answer.status().as_u16(), milliseconds, "S3 request")
        }
        Err(error) => tracing::debug!(%method, target, %error, milliseconds, "S3 request failed"),
    }
    answer
}

/// The host and path of a request, and the query of a list; other queries may contain credentials.
fn target(request: &HttpRequest) -> String {
    let uri = request.uri();
    let query = uri.query().filter(|query| query.contains("list-type=2")).unwrap_or_default();
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{}{}{separator}{query}", uri.host().unwrap_or_default(), uri.path())
}

async fn full_response(client: &HttpClient, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let silence = settings().timeout;
    let most = silence + Duration::from_secs(request.body().content_length() as u64 / MIN_UPLOAD_RATE);
    let answer = timeout(most, client.execute(request)).await.map_err(|_| NoResponse::error(most))??;
    let (parts, mut body) = answer.into_parts();
    let mut content = Vec::new();
    while let Some(frame) = timeout(silence, body.frame()).await.map_err(|_| NoResponse::error(silence))? {
        let frame = frame.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error))?;
        content.extend(frame.into_data()); // frames without data are ignored
    }
    let content = match content.len() {
        1 => content.swap_remove(0),
        _ => Bytes::from(content.concat()),
    };
    Ok(Response::from_parts(parts, content.into()))
}

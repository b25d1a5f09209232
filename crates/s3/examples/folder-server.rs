//! Serves a folder as a bucket, for tests and measurements: only lists and reads, with as little overhead as
//! possible. Small files are kept in memory.
//!
//! `folder-server FOLDER [PORT [MILLISECONDS]]` prints `http://127.0.0.1:PORT`. Each response takes at least
//! MILLISECONDS. The bucket name and signatures are ignored.
//! `GET /-/stats` returns the number of lists and reads, and the maximum number of requests in flight.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Objects per page, as in S3.
const PAGE: usize = 1000;

/// Files up to this size are kept in memory.
const SMALL: u64 = 64 << 10;

/// The maximum size of a request head in bytes.
const HEAD: usize = 16 << 10;

/// The modification time of all objects, as reported for objects.
const HTTP_TIME: &str = "Sun, 01 Mar 2026 00:00:00 GMT";
/// The modification time of all objects, as reported in lists.
const LIST_TIME: &str = "2026-03-01T00:00:00.000Z";

struct Server {
    root: PathBuf,
    wait: Duration,
    objects: BTreeMap<String, Object>,
    lists: AtomicU64,
    gets: AtomicU64,
    in_flight: AtomicI64,
    most: AtomicI64,
}

/// A file.
struct Object {
    size: u64,
    /// Set if the file is small.
    content: Option<Vec<u8>>,
}

// One thread for all connections: otherwise each request would have to wake a thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let root = PathBuf::from(arguments.get(1).map_or(".", String::as_str));
    let port = arguments.get(2).and_then(|port| port.parse().ok()).unwrap_or(0);
    let wait =
        arguments.get(3).and_then(|wait| wait.parse().ok()).map_or(Duration::ZERO, Duration::from_millis);
    let mut objects = BTreeMap::new();
    walk(&root, &root, &mut objects)?;
    let server = Arc::new(Server {
        root,
        wait,
        objects,
        lists: AtomicU64::new(0),
        gets: AtomicU64::new(0),
        in_flight: AtomicI64::new(0),
        most: AtomicI64::new(0),
    });
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    loop {
        let (server, stream) = (Arc::clone(&server), listener.accept().await?.0);
        tokio::spawn(async move { server.serve(stream).await }); // ends when the client disconnects
    }
}

fn walk(root: &Path, folder: &Path, objects: &mut BTreeMap<String, Object>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let (path, metadata) = {
            let entry = entry?;
            (entry.path(), entry.metadata()?)
        };
        if metadata.is_dir() {
            walk(root, &path, objects)?;
        } else if let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            let size = metadata.len();
            let content = if size <= SMALL { Some(std::fs::read(&path)?) } else { None };
            objects.insert(key.to_owned(), Object { size, content });
        }
    }
    Ok(())
}

impl Server {
    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (mut bytes, mut filled) = (vec![0; HEAD], 0);
        loop {
            let end = bytes[..filled].windows(4).position(|end| end == b"\r\n\r\n");
            let Some(end) = end else {
                match stream.read(&mut bytes[filled..]).await? {
                    0 => return Ok(()),
                    count => filled += count,
                }
                continue;
            };
            let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let answer = self.answer_to(&String::from_utf8_lossy(&bytes[..end]));
            if !self.wait.is_zero() {
                tokio::time::sleep(self.wait).await;
            }
            self.in_flight.fetch_sub(1, Ordering::SeqCst); // before the client can see the response
            stream.write_all(&answer).await?;
            bytes.copy_within(end + 4..filled, 0);
            filled -= end + 4;
        }
    }

    fn answer_to(&self, head: &str) -> Vec<u8> {
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let range = lines.find_map(|line| {
            let (name, value) = line.split_once(": bytes=")?;
            let (from, to) = value.split_once('-').filter(|_| name.eq_ignore_ascii_case("range"))?;
            Some((from.parse().ok(), to.parse().ok()))
        });
        let target = first.split(' ').nth(1).unwrap_or("/");
        let mut answer = self.answer(target, range);
        if first.starts_with("HEAD ") {
            let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            answer.truncate(end.map_or(answer.len(), |end| end + 4));
        }
        answer
    }

    fn answer(&self, target: &str, range: Option<(Option<usize>, Option<usize>)>) -> Vec<u8> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (bucket, key) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
        if bucket == "-" {
            let count = |of: &AtomicU64| of.load(Ordering::SeqCst);
            let most = self.most.load(Ordering::SeqCst);
            let text = format!(
                "{{\"list\": {}, \"get\": {}, \"most\": {most}}}\n",
                count(&self.lists),
                count(&self.gets)
            );
            return reply(200, "", text.as_bytes());
        }
        if key.is_empty() {
            self.lists.fetch_add(1, Ordering::SeqCst);
            return reply(200, "", self.list(query).as_bytes());
        }
        self.gets.fetch_add(1, Ordering::SeqCst);
        let key = decoded(key);
        let Some(Object { size, content }) = self.objects.get(&key) else { return reply(404, "", b"") };
        let headers = format!("ETag: \"{}\"\r\nLast-Modified: {HTTP_TIME}\r\n", etag(&key, *size));
        if let (None, Some(content)) = (range, content) {
            return reply(200, &headers, content);
        }
        let Ok(content) = std::fs::read(self.root.join(&key)) else { return reply(404, "", b"") };
        let all = content.len();
        let (first, end) = match range {
            None => return reply(200, &headers, &content),
            Some((Some(first), last)) => (first.min(all), last.map_or(all, |last| all.min(last + 1))),
            Some((None, last)) => (all - last.unwrap_or(0).min(all), all),
        };
        let headers = format!("{headers}Content-Range: bytes {first}-{}/{all}\r\n", end.max(1) - 1);
        reply(206, &headers, &content[first..end.max(first)])
    }

    fn list(&self, query: &str) -> String {
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let prefix = decoded(value("prefix").unwrap_or(""));
        let most = value("max-keys").and_then(|most| most.parse().ok()).unwrap_or(PAGE);
        let after = value("start-after").map_or_else(String::new, |after| decoded(after) + "\0");
        let delimiter = value("delimiter").map(decoded).filter(|delimiter| !delimiter.is_empty());
        let token = decoded(value("continuation-token").unwrap_or(""));
        let mut from = token.max(after).max(prefix.clone());
        let (mut body, mut count) = (String::new(), 0);
        while let Some((key, Object { size, .. })) =
            self.objects.range(from.clone()..).next().filter(|(key, _)| key.starts_with(&prefix))
        {
            if count == most {
                body += &format!("<NextContinuationToken>{from}</NextContinuationToken>");
                break;
            }
            count += 1;
            let end = delimiter.as_deref().and_then(|delimiter| {
                Some(prefix.len() + key[prefix.len()..].find(delimiter)? + delimiter.len())
            });
            if let Some(end) = end {
                let folder = &key[..end];
                body += &format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>");
                from = format!("{folder}{}", char::MAX); // after all keys with this prefix
            } else {
                let etag = etag(key, *size);
                body += &format!(
                    "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>&quot;{etag}&quot;</ETag>\
                     <LastModified>{LIST_TIME}</LastModified></Contents>"
                );
                from = format!("{key}\u{1}");
            }
        }
        format!("<ListBucketResult>{body}</ListBucketResult>")
    }
}

/// Files do not change while they are served.
fn etag(key: &str, size: u64) -> String {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}{size:08x}")
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.extend(after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()));
        rest = after.get(2..).unwrap_or("");
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn reply(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} -\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

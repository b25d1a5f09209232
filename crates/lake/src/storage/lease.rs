//! The writers' lock of a dataset in S3: an object that its owner writes again and again, as long as it lives.
//!
//! Every step is a write on a condition, so that of two who try one succeeds. Who finds the object of another waits until
//! it is gone, or was not written for [`LIFE`] seconds, by the server's clock alone: then its owner is dead, or slept, and the
//! object is taken over. An owner that slept learns of that by its next write, which fails; it must not begin anything
//! new before it has made one: see [`Lease::check`].

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use saltmine_s3::wait;
use serde_json::json;

use crate::error::LakeError;
use crate::storage::{self, OnCondition};

/// How long an owner may be silent, in seconds; all runs must agree on it. Tests in a hurry say so in the environment.
const LIFE: u64 = 30;
const LIFE_VARIABLE: &str = "SALTMINE_S3_LOCK_SECONDS";
/// How often one who waits looks.
const LOOKED: Duration = Duration::from_millis(500);

/// The lock, held until dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    held: Arc<Held>,
    stop: Option<Sender<()>>,
    renewer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Held {
    path: PathBuf,
    owner: String,
    /// ETag of what was written last; `None` once it is another's.
    etag: Mutex<Option<String>>,
}

impl Lease {
    /// Takes the lock; while another has it, `on_wait` is called once and this waits, until `stop` becomes true.
    pub(crate) fn take(
        path: &Path,
        on_wait: &dyn Fn(),
        stop: Option<&AtomicBool>,
    ) -> Result<Self, LakeError> {
        let owner = format!("{} {}", uuid::Uuid::new_v4(), std::process::id());
        let mut waits = false;
        let etag = loop {
            if let Some(etag) = attempt(path, &owner)? {
                break etag;
            }
            if !waits {
                on_wait();
                waits = true;
            }
            if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(LakeError::stopped());
            }
            std::thread::sleep(LOOKED);
        };
        let held = Arc::new(Held { path: path.to_path_buf(), owner, etag: Mutex::new(Some(etag)) });
        let (stop, stopped) = channel::<()>();
        let renewed = Arc::clone(&held);
        let renew = move || {
            while stopped.recv_timeout(life() / 4) == Err(RecvTimeoutError::Timeout) {
                // What fails now is told by the next check.
                let _ = renewed.renew();
            }
        };
        let thread = std::thread::Builder::new().name("lease".to_owned()).spawn(renew);
        let renewer = Some(thread.map_err(LakeError::io("start a thread for", path))?);
        Ok(Self { held, stop: Some(stop), renewer })
    }

    /// Whether the lock is held still, by asking the server.
    pub(crate) fn check(&self) -> Result<(), LakeError> {
        if self.held.renew()? { Ok(()) } else { Err(LakeError::LockLost(self.held.path.clone())) }
    }
}

impl Held {
    /// Writes the object again; false if it is another's by now.
    fn renew(&self) -> Result<bool, LakeError> {
        let mut etag = self.etag.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = etag.clone() else { return Ok(false) };
        *etag = storage::write_note(&self.path, content(&self.owner), OnCondition::Same(last))?;
        Ok(etag.is_some())
    }

    /// Gives the lock back, if it is held still. A request that comes late must not take it from who has it then.
    fn release(&self) -> Result<(), LakeError> {
        let etag = self.etag.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(etag) = etag else { return Ok(()) };
        let (bucket, key) = storage::must_be_remote(&self.path)?;
        Ok(wait(async move { bucket.delete_same(&key, &etag).await })?)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.renewer.take().map(JoinHandle::join);
        // If it fails, the next run waits until the lock has run out.
        let _ = self.held.release();
    }
}

fn life() -> Duration {
    let told = std::env::var(LIFE_VARIABLE).ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(told.unwrap_or(LIFE).max(1))
}

/// What is written: never the same twice, so that every write has an ETag of its own.
fn content(owner: &str) -> Vec<u8> {
    json!({ "owner": owner, "write": uuid::Uuid::new_v4().to_string() }).to_string().into_bytes()
}

/// The ETag, if the lock was free or its owner is dead.
fn attempt(path: &Path, owner: &str) -> Result<Option<String>, LakeError> {
    if let Some(etag) = storage::write_note(path, content(owner), OnCondition::Absent)? {
        return Ok(Some(etag));
    }
    let (bucket, key) = storage::must_be_remote(path)?;
    let Some(found) = wait(async move { bucket.find(&key).await })? else { return Ok(None) };
    match (found.age(), found.etag) {
        (Some(age), Some(etag)) if age > life() => {
            storage::write_note(path, content(owner), OnCondition::Same(etag))
        }
        _ => Ok(None),
    }
}

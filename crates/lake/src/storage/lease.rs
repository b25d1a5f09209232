//! The writers' lock of a dataset in S3: an object that its owner renews from time to time, as long as it lives.
//!
//! Every step is a conditional write, so that of two who try one succeeds. One who finds the object of another waits until
//! it is gone, or was not renewed for as long as it says itself, by the server's clock alone: then its owner is dead, or
//! slept, and the object is taken over. An owner that slept learns of that by its next write, which fails; it must not
//! begin anything new before it has made one: see [`Lock::check`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::LakeError;
use crate::storage::bucket::InBucket;
use crate::storage::{Inside, Lock, Storage, Version};

/// How long an owner may be silent, in seconds, unless its lock says otherwise.
const SECONDS: u64 = 30;
/// What a lock may say at most: one that a stranger left must not keep writers out for ever.
const MOST_SECONDS: u64 = 600;
/// How often one who waits looks.
const LOOK: Duration = Duration::from_millis(500);

static LOCK_SECONDS: AtomicU64 = AtomicU64::new(SECONDS);

/// Sets how long the locks that this process takes in S3 last without being renewed, in seconds, 1 to 600; 30 unless set. A
/// lock says it itself, so that processes need not agree.
pub fn set_s3_lock_seconds(seconds: u64) {
    LOCK_SECONDS.store(seconds.clamp(1, MOST_SECONDS), Ordering::Relaxed);
}

/// What the object holds.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    owner: String,
    /// How long the owner may be silent. Absent in locks of earlier versions.
    #[serde(default)]
    seconds: Option<u64>,
    /// Never the same twice, so that every write has an ETag of its own.
    #[serde(default)]
    write: String,
}

impl Content {
    fn text(owner: &str, life: Duration) -> Vec<u8> {
        let content = Self {
            owner: owner.to_owned(),
            seconds: Some(life.as_secs()),
            write: Uuid::new_v4().to_string(),
        };
        serde_json::to_vec(&content).unwrap_or_default()
    }

    /// How long the owner of such a lock may be silent.
    fn life(text: &[u8]) -> Duration {
        let seconds = serde_json::from_slice::<Self>(text).ok().and_then(|content| content.seconds);
        Duration::from_secs(seconds.unwrap_or(SECONDS).clamp(1, MOST_SECONDS))
    }
}

/// The lock, held until dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    held: Arc<LockState>,
    stop: Option<Sender<()>>,
    renewer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct LockState {
    storage: InBucket,
    file: Inside,
    owner: String,
    life: Duration,
    /// What was written last; `None` once it is another's.
    version: Mutex<Option<Version>>,
}

impl Lease {
    /// Takes the lock; while another has it, `on_wait` is called once and this waits, until `stop` becomes true.
    pub(crate) fn take(
        storage: &InBucket,
        file: Inside,
        on_wait: &dyn Fn(),
        stop: Option<&AtomicBool>,
    ) -> Result<Self, LakeError> {
        let owner = format!("{} {}", Uuid::new_v4(), std::process::id());
        let life = Duration::from_secs(LOCK_SECONDS.load(Ordering::Relaxed));
        let mut waits = false;
        let version = loop {
            if let Some(version) = attempt(storage, &file, &owner, life)? {
                break version;
            }
            if !waits {
                on_wait();
                waits = true;
            }
            if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(LakeError::stopped());
            }
            std::thread::sleep(LOOK);
        };
        let path = storage.path(&file);
        let version = Mutex::new(Some(version));
        let held = Arc::new(LockState { storage: storage.clone(), file, owner, life, version });
        let (stop, stopped) = channel::<()>();
        let renewed = Arc::clone(&held);
        let renew = move || {
            while stopped.recv_timeout(life / 4) == Err(RecvTimeoutError::Timeout) {
                // If it fails, the next check says so.
                let _ = renewed.renew();
            }
        };
        let thread = std::thread::Builder::new().name("lease".to_owned()).spawn(renew);
        let renewer = Some(thread.map_err(LakeError::io("start a thread for", &path))?);
        Ok(Self { held, stop: Some(stop), renewer })
    }
}

impl Lock for Lease {
    /// Asks the server.
    fn check(&self) -> Result<(), LakeError> {
        let held = &self.held;
        if held.renew()? { Ok(()) } else { Err(LakeError::LockLost(held.storage.path(&held.file))) }
    }
}

impl LockState {
    /// Writes the object again; false if it is another's by now.
    fn renew(&self) -> Result<bool, LakeError> {
        let mut version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = version.clone() else { return Ok(false) };
        *version = self.storage.replace(&self.file, &Content::text(&self.owner, self.life), &last)?;
        Ok(version.is_some())
    }

    /// Gives the lock back, if it is held still.
    fn release(&self) -> Result<(), LakeError> {
        let version = self.version.lock().unwrap_or_else(PoisonError::into_inner).take();
        version.map_or(Ok(()), |version| self.storage.remove_same(&self.file, &version))
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

/// What was written, if the lock was free or its owner is dead.
fn attempt(
    storage: &InBucket,
    file: &Inside,
    owner: &str,
    life: Duration,
) -> Result<Option<Version>, LakeError> {
    if let Some(version) = storage.create(file, &Content::text(owner, life))? {
        return Ok(Some(version));
    }
    match storage.read_with_age(file)? {
        Some((found, Some(age))) if age > Content::life(&found.content) && !found.version.0.is_empty() => {
            storage.replace(file, &Content::text(owner, life), &found.version)
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_says_how_long_it_lasts() {
        let life = |text: &[u8]| Content::life(text).as_secs();
        assert_eq!(life(&Content::text("me", Duration::from_secs(4))), 4);
        // Of an earlier version, of somebody else, of a stranger who would keep all out.
        assert_eq!(life(br#"{"owner":"x","write":"y"}"#), SECONDS);
        assert_eq!(life(b"?"), SECONDS);
        assert_eq!(life(br#"{"owner":"x","seconds":18446744073709551615}"#), MOST_SECONDS);
        assert_eq!(life(br#"{"owner":"x","seconds":0}"#), 1);
    }
}

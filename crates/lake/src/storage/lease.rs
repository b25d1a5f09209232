//! The writers' lock of a dataset in S3: an object that its owner renews periodically.
//!
//! Every step is a conditional write, so only one of two contenders succeeds. A writer that finds another's
//! object waits until it is gone, or until it was not renewed for as long as it states itself, judged by the
//! server's clock alone. Then its owner is dead or asleep, and the object is taken over. An owner that slept
//! finds this out at its next write, which fails; it must not begin anything new before that write: see
//! [`Lock::check`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::LakeError;
use crate::storage::bucket_folder::BucketFolder;
use crate::storage::interface::{Lock, Version};
use crate::storage::path::DatasetPath;

/// How long an owner may fail to renew its lock, in seconds, unless the lock says otherwise.
const DEFAULT_SECONDS: u64 = 30;
/// The maximum that a lock may state: a foreign lock must not keep writers out forever.
const MAX_SECONDS: u64 = 600;
/// How often a waiting writer checks.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

static LOCK_SECONDS: AtomicU64 = AtomicU64::new(DEFAULT_SECONDS);

/// Sets how long locks that this process takes in S3 stay valid without renewal, in seconds, 1 to 600; the
/// default is 30. Each lock states its own time, so processes need not agree.
pub fn set_s3_lock_seconds(seconds: u64) {
    LOCK_SECONDS.store(seconds.clamp(1, MAX_SECONDS), Ordering::Relaxed);
}

/// The content of the object.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    owner: String,
    /// How long the owner may fail to renew the lock. Missing in locks of earlier versions.
    #[serde(default)]
    seconds: Option<u64>,
    /// Unique for every write, so that every write has its own ETag.
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

    /// How long the owner of this lock may fail to renew it.
    fn life(text: &[u8]) -> Duration {
        let seconds = serde_json::from_slice::<Self>(text).ok().and_then(|content| content.seconds);
        Duration::from_secs(seconds.unwrap_or(DEFAULT_SECONDS).clamp(1, MAX_SECONDS))
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
    folder: BucketFolder,
    file: DatasetPath,
    owner: String,
    life: Duration,
    /// The version written last; `None` once the lock belongs to another writer.
    version: Mutex<Option<Version>>,
}

impl Lease {
    /// Takes the lock. If another writer has it, calls `on_wait` once and waits until `stop` becomes true.
    pub(crate) fn take(
        folder: &BucketFolder,
        file: DatasetPath,
        on_wait: &dyn Fn(),
        stop: Option<&AtomicBool>,
    ) -> Result<Self, LakeError> {
        let owner = format!("{} {}", Uuid::new_v4(), std::process::id());
        let life = Duration::from_secs(LOCK_SECONDS.load(Ordering::Relaxed));
        let mut waits = false;
        let version = loop {
            if let Some(version) = attempt(folder, &file, &owner, life)? {
                break version;
            }
            if !waits {
                on_wait();
                waits = true;
            }
            if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(LakeError::stopped());
            }
            std::thread::sleep(POLL_INTERVAL);
        };
        let path = folder.path(&file);
        let version = Mutex::new(Some(version));
        let held = Arc::new(LockState { folder: folder.clone(), file, owner, life, version });
        let (stop, stopped) = channel::<()>();
        let renewed = Arc::clone(&held);
        let renew = move || {
            while stopped.recv_timeout(life / 4) == Err(RecvTimeoutError::Timeout) {
                // If this fails, the next check reports it.
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
        if held.renew()? { Ok(()) } else { Err(LakeError::LockLost(held.folder.path(&held.file))) }
    }
}

impl LockState {
    /// Renews the object; false if it belongs to another writer by now.
    fn renew(&self) -> Result<bool, LakeError> {
        let mut version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = version.clone() else { return Ok(false) };
        *version = self.folder.write(&self.file, &Content::text(&self.owner, self.life), Some(&last))?;
        Ok(version.is_some())
    }

    /// Releases the lock if it is still held.
    fn release(&self) -> Result<(), LakeError> {
        let version = self.version.lock().unwrap_or_else(PoisonError::into_inner).take();
        version.map_or(Ok(()), |version| self.folder.remove_if_unchanged(&self.file, &version))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.renewer.take().map(JoinHandle::join);
        // If this fails, the next run waits until the lock has expired.
        let _ = self.held.release();
    }
}

/// Writes the object if the lock is free or its owner is dead.
fn attempt(
    folder: &BucketFolder,
    file: &DatasetPath,
    owner: &str,
    life: Duration,
) -> Result<Option<Version>, LakeError> {
    if let Some(version) = folder.write(file, &Content::text(owner, life), None)? {
        return Ok(Some(version));
    }
    match folder.read_with_age(file)? {
        Some((found, Some(age))) if age > Content::life(&found.content) && !found.version.0.is_empty() => {
            folder.write(file, &Content::text(owner, life), Some(&found.version))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_states_how_long_it_is_valid() {
        let life = |text: &[u8]| Content::life(text).as_secs();
        assert_eq!(life(&Content::text("me", Duration::from_secs(4))), 4);
        // Locks of an earlier version, of another program, and of someone who wants to keep all writers out.
        assert_eq!(life(br#"{"owner":"x","write":"y"}"#), DEFAULT_SECONDS);
        assert_eq!(life(b"?"), DEFAULT_SECONDS);
        assert_eq!(life(br#"{"owner":"x","seconds":18446744073709551615}"#), MAX_SECONDS);
        assert_eq!(life(br#"{"owner":"x","seconds":0}"#), 1);
    }
}

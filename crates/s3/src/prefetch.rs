//! Prefetches objects: many small ones at a time, within a budget of bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};

use crate::error::{Problem, S3Error};
use crate::object::{MAX_WHOLE_READ, Object};
use crate::runtime;

/// Bytes being read, or read and not yet taken, in units of [`BUDGET_UNIT`].
const READ_BUDGET: usize = (64 << 20) / BUDGET_UNIT;
/// The minimum that an object counts for, which limits the number of waiting objects.
const BUDGET_UNIT: usize = 16 << 10;
/// The minimum share of a shared budget.
const MIN_SHARE: usize = (4 << 20) / BUDGET_UNIT;

/// The content of an object.
#[derive(Debug)]
pub enum Body {
    /// A small object.
    Whole {
        /// Its bytes.
        content: Bytes,
        /// The ETag in the same response.
        etag: Option<String>,
    },
    /// A large object, which has not been read yet.
    Large(Object),
}

/// Reads objects in the order in which they will be taken.
#[derive(Debug)]
pub struct Prefetcher {
    shared: Arc<Shared>,
    driver: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ready: HashMap<usize, Ready>,
    /// The thread that waits for each object. Waking only that thread matters: waking another one costs more
    /// than reading a small object.
    wanted: HashMap<usize, Thread>,
}

#[derive(Debug)]
struct Ready {
    body: Result<Body, S3Error>,
    /// Counts the bytes against the budget until they are taken.
    _budget: Option<OwnedSemaphorePermit>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, index: usize, ready: Ready) {
        let mut state = self.lock();
        state.ready.insert(index, ready);
        let waiting = state.wanted.remove(&index);
        drop(state);
        if let Some(thread) = waiting {
            thread.unpark();
        }
    }
}

impl Prefetcher {
    /// Starts reading objects, which the caller identifies by numbers. They must be taken roughly in this
    /// order, each once.
    ///
    /// # Errors
    /// If no threads can be started.
    pub fn start(objects: Vec<(usize, Object)>) -> Result<Self, S3Error> {
        Self::start_sharing(objects, 1)
    }

    /// Like [`Prefetcher::start`], if `share` prefetchers running at the same time share one memory budget.
    ///
    /// # Errors
    /// See [`Prefetcher::start`].
    pub fn start_sharing(objects: Vec<(usize, Object)>, share: usize) -> Result<Self, S3Error> {
        let shared = Arc::new(Shared::default());
        let handle = runtime::handle().map_err(S3Error::at("read", "", ""))?;
        let budget = (READ_BUDGET / share.max(1)).max(MIN_SHARE);
        let driver = handle.spawn(drive(objects, budget, Arc::clone(&shared)));
        Ok(Self { shared, driver })
    }

    /// Waits for the object with this number and returns it.
    ///
    /// # Errors
    /// If it could not be read.
    pub fn take(&self, index: usize) -> Result<Body, S3Error> {
        loop {
            let mut state = self.shared.lock();
            if let Some(ready) = state.ready.remove(&index) {
                return ready.body;
            }
            if self.driver.is_finished() {
                return Err(S3Error::at("read", "", "")(Problem::Other(
                    "it was read before, or lost".to_owned(),
                )));
            }
            state.wanted.insert(index, thread::current());
            drop(state);
            // Checks again from time to time, in case the driver has died.
            thread::park_timeout(Duration::from_secs(1));
        }
    }
}

impl Drop for Prefetcher {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Grants the budget in the order of the objects, so the next object to be taken always gets its share.
async fn drive(objects: Vec<(usize, Object)>, units: usize, shared: Arc<Shared>) {
    let (most, budget) = (units, Arc::new(Semaphore::new(units)));
    let mut running = JoinSet::new();
    for (index, object) in objects {
        while running.try_join_next().is_some() {}
        if object.size > MAX_WHOLE_READ {
            shared.put(index, Ready { body: Ok(Body::Large(object)), _budget: None });
            continue;
        }
        let units = (object.size as usize).div_ceil(BUDGET_UNIT).clamp(1, most) as u32;
        let Ok(permit) = Arc::clone(&budget).acquire_many_owned(units).await else { return };
        let shared = Arc::clone(&shared);
        running.spawn(async move {
            let got = object.bucket.get(&object.key).await;
            let body = got.map(|found| Body::Whole { content: found.content, etag: found.etag });
            shared.put(index, Ready { body, _budget: Some(permit) });
        });
    }
    while running.join_next().await.is_some() {}
}

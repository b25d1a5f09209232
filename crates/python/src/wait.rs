//! Waiting for work on other threads: without the interpreter's lock, and only until an interrupt.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::error;

/// How often a wait looks for signals: seldom enough to cost nothing, often enough to seem at once.
pub(crate) const TICK: Duration = Duration::from_millis(25);

static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

/// The runtime of this process. A child made by `fork` has none of its parent's threads, and gets a runtime of its own.
pub(crate) fn runtime() -> PyResult<Arc<Runtime>> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((of, runtime)) = &*runtime
        && *of == process
    {
        return Ok(Arc::clone(runtime));
    }
    let new = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let new = Arc::new(new.map_err(|problem| error::other(format!("cannot start threads: {problem}")))?);
    // The parent's is never dropped here: that would wait for threads that do not exist.
    std::mem::forget(runtime.replace((process, Arc::clone(&new))));
    Ok(new)
}

/// A task that ends when nobody waits for it any more.
pub(crate) struct Task<T>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    pub(crate) fn spawn(runtime: &Runtime, future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(runtime.spawn(future))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

/// Does the work on the runtime's threads and waits for it. `KeyboardInterrupt` ends the wait and the work.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    work: impl Future<Output = T> + Send + 'static,
) -> PyResult<T> {
    let runtime = runtime()?;
    let mut task = Task::spawn(&runtime, work);
    loop {
        match py.detach(|| runtime.block_on(async { timeout(TICK, &mut task).await })) {
            Ok(done) => return done.map_err(error::other),
            Err(_) => py.check_signals()?,
        }
    }
}

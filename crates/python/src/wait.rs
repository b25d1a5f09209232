//! Waits for work on other threads, without the interpreter's lock and until an interrupt.

use std::future::Future;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

use crate::error;

/// Interval between checks for signals: long enough to cost nothing, short enough to feel immediate.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(25);

static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

/// The runtime of this process. A child created by `fork` has none of its parent's threads and gets its own runtime.
pub(crate) fn runtime() -> PyResult<Arc<Runtime>> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((of, runtime)) = &*runtime
        && *of == process
    {
        return Ok(Arc::clone(runtime));
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let new = builder.thread_stack_size(saltmine_query::STACK_SIZE).enable_all().build();
    let new = Arc::new(new.map_err(|problem| error::other(format!("cannot start threads: {problem}")))?);
    // The parent's runtime is never dropped here: that would wait for threads that do not exist.
    std::mem::forget(runtime.replace((process, Arc::clone(&new))));
    Ok(new)
}

/// A task that is aborted when this is dropped.
pub(crate) struct Task(AbortHandle);

impl Task {
    pub(crate) fn spawn(runtime: &Runtime, work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(runtime.spawn(work).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits for a value from another thread and calls `on_tick` regularly. `None` if the sender is lost.
///
/// This blocks in the system, not in the runtime, whose timers stop while all of its threads compute.
pub(crate) fn receive<T: Send>(
    py: Python<'_>,
    receiver: &mut Receiver<T>,
    mut on_tick: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<Option<T>> {
    loop {
        let waited = &mut *receiver; // reborrowed: a receiver belongs to one thread at a time
        match py.detach(move || waited.recv_timeout(SIGNAL_INTERVAL)) {
            Ok(received) => return Ok(Some(received)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => on_tick(py)?,
        }
    }
}

/// Runs the work on the runtime's threads and waits for it. `KeyboardInterrupt` ends both.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    work: impl Future<Output = T> + Send + 'static,
) -> PyResult<T> {
    let (sender, mut receiver) = sync_channel(1);
    let _task = Task::spawn(&*runtime()?, async move {
        let _ = sender.send(work.await); // has room for one; the receiver may be gone
    });
    let done = receive(py, &mut receiver, |py| py.check_signals())?;
    done.ok_or_else(|| error::other("the worker thread ended unexpectedly"))
}

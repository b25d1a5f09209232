//! Waiting for work on other threads: without the interpreter's lock, and only until an interrupt.

use std::future::Future;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

use crate::error;

/// How often a wait looks for signals: seldom enough to cost nothing, often enough to seem at once.
const TICK: Duration = Duration::from_millis(25);

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
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let new = builder.thread_stack_size(saltmine_query::STACK_SIZE).enable_all().build();
    let new = Arc::new(new.map_err(|problem| error::other(format!("cannot start threads: {problem}")))?);
    // The parent's is never dropped here: that would wait for threads that do not exist.
    std::mem::forget(runtime.replace((process, Arc::clone(&new))));
    Ok(new)
}

/// A task that ends when nobody waits for it any more.
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

/// Waits for what another thread sends, and calls `on_tick` now and then. `None` where the other end is lost.
///
/// The wait is the system's and not the runtime's, whose timers stand still while all of its threads compute.
pub(crate) fn receive<T: Send>(
    py: Python<'_>,
    receiver: &mut Receiver<T>,
    mut on_tick: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<Option<T>> {
    loop {
        let waited = &mut *receiver; // alone in the closure: a receiver belongs to one thread at a time
        match py.detach(move || waited.recv_timeout(TICK)) {
            Ok(received) => return Ok(Some(received)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => on_tick(py)?,
        }
    }
}

/// Does the work on the runtime's threads and waits for it. `KeyboardInterrupt` ends the wait and the work.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    work: impl Future<Output = T> + Send + 'static,
) -> PyResult<T> {
    let (sender, mut receiver) = sync_channel(1);
    let _task = Task::spawn(&*runtime()?, async move {
        let _ = sender.send(work.await); // there is room for the only one, and nobody may wait any more
    });
    let done = receive(py, &mut receiver, |py| py.check_signals())?;
    done.ok_or_else(|| error::other("the work was lost before its end"))
}

//! The threads that send requests to S3. Callers on another runtime, or on none, wait for them.

use std::future::Future;
use std::sync::LazyLock;
use std::sync::mpsc::sync_channel;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Problem, S3Error};

static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    // One thread handles some ten thousand requests per second. On few cores, the decoders wait for requests
    // anyway, so requests may use all cores.
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().clamp(1, 4));
    Builder::new_multi_thread().worker_threads(threads).thread_name("s3").enable_all().build()
});

/// The runtime for requests.
pub(crate) fn handle() -> Result<&'static Handle, Problem> {
    match &*RUNTIME {
        Ok(runtime) => Ok(runtime.handle()),
        Err(error) => Err(Problem::Setting(format!("cannot start threads: {error}"))),
    }
}

/// Runs the future on the runtime for requests and waits for it.
///
/// # Errors
/// As for the future; or if no threads can be started.
pub fn wait<T: Send + 'static>(
    work: impl Future<Output = Result<T, S3Error>> + Send + 'static,
) -> Result<T, S3Error> {
    let lost = |problem| S3Error { url: "s3://".to_owned(), action: "run the request", problem };
    let (sender, done) = sync_channel(1);
    handle().map_err(lost)?.spawn(async move {
        let _ = sender.send(work.await); // the receiver is waiting
    });
    done.recv().unwrap_or_else(|_| Err(lost(Problem::Other("it was lost".to_owned()))))
}

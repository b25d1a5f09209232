//! The threads that speak to S3. Others, on a runtime of their own or on none, wait for what is done here.

use std::future::Future;
use std::sync::LazyLock;
use std::sync::mpsc::sync_channel;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Problem, S3Error};

static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    // One does some ten thousand requests a second. On few cores, whoever decodes what was read waits for the requests:
    // so these may have all of them.
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().clamp(1, 4));
    Builder::new_multi_thread().worker_threads(threads).thread_name("s3").enable_all().build()
});

/// The runtime that requests run on.
pub(crate) fn handle() -> Result<&'static Handle, Problem> {
    match &*RUNTIME {
        Ok(runtime) => Ok(runtime.handle()),
        Err(error) => Err(Problem::Setting(format!("cannot start threads: {error}"))),
    }
}

/// Does the work on the threads that speak to S3, and waits for it.
///
/// # Errors
/// As the work; or if there are no threads.
pub fn wait<T: Send + 'static>(
    work: impl Future<Output = Result<T, S3Error>> + Send + 'static,
) -> Result<T, S3Error> {
    let lost = |problem| S3Error { url: "s3://".to_owned(), action: "do the work", problem };
    let (sender, done) = sync_channel(1);
    handle().map_err(lost)?.spawn(async move {
        let _ = sender.send(work.await); // whoever waits is there
    });
    done.recv().unwrap_or_else(|_| Err(lost(Problem::Other("it was lost".to_owned()))))
}

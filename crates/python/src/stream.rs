//! The rows of a running query, pulled batch by batch by their reader.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, ThreadId};

use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::StreamExt;
use pyo3::prelude::*;
use saltmine_query::QueryError;
use saltmine_query::datafusion::error::DataFusionError;
use saltmine_query::datafusion::execution::SendableRecordBatchStream;
use tokio::sync::Semaphore;

use crate::error;
use crate::wait::{Task, receive, runtime};

/// Maximum number of batches computed ahead of the reader.
const MAX_AHEAD: usize = 2;

/// `None` marks the end. A channel that closes without it means that the task was lost.
type Item = Option<Result<RecordBatch, DataFusionError>>;

/// Called after all rows were read.
type AtEnd = Box<dyn FnOnce(Python<'_>) -> PyResult<()> + Send>;

/// Rows of a running query. The query runs only a few batches ahead, and stops when this is dropped.
pub(crate) struct Batches {
    schema: SchemaRef,
    receiver: Receiver<Item>,
    /// Limits the batches that are ready.
    room: Arc<Semaphore>,
    _task: Task,
    /// The interpreter thread that requested the stream.
    home: ThreadId,
    done: bool,
    at_end: Option<AtEnd>,
}

impl Batches {
    /// Must be created by a thread that holds the interpreter's lock. `at_end` is called after all rows were read, by
    /// that thread only.
    pub(crate) fn new(mut stream: SendableRecordBatchStream, at_end: AtEnd) -> PyResult<Self> {
        let schema = stream.schema();
        let (sender, receiver) = channel();
        let room = Arc::new(Semaphore::new(MAX_AHEAD));
        let taken = Arc::clone(&room);
        let task = Task::spawn(&*runtime()?, async move {
            while let Some(batch) = stream.next().await {
                let Ok(permit) = taken.acquire().await else { return };
                permit.forget(); // returned when the batch is taken
                let is_last = batch.is_err();
                if sender.send(Some(batch)).is_err() || is_last {
                    return;
                }
            }
            let _ = sender.send(None); // the receiver may be gone
        });
        let home = thread::current().id();
        Ok(Self { schema, receiver, room, _task: task, home, done: false, at_end: Some(at_end) })
    }

    /// The next batch, for a caller from Python: other threads run meanwhile, and signals are handled.
    pub(crate) fn pull(&mut self, py: Python<'_>) -> PyResult<Option<RecordBatch>> {
        if self.done {
            return Ok(None);
        }
        let received = receive(py, &mut self.receiver, |py| py.check_signals());
        let item = received.inspect_err(|_| self.done = true)?;
        match self.take(item).transpose().map_err(error::running)? {
            Some(batch) => Ok(Some(batch)),
            None => self.at_end.take().map_or(Ok(()), |at_end| at_end(py)).map(|()| None),
        }
    }

    /// The next batch, for a thread unknown to Python.
    fn pull_from_other_thread(&mut self) -> Option<Result<RecordBatch, DataFusionError>> {
        if self.done {
            return None;
        }
        let item = self.receiver.recv().ok();
        self.take(item)
    }

    fn take(&mut self, item: Option<Item>) -> Option<Result<RecordBatch, DataFusionError>> {
        self.room.add_permits(1);
        let item = item
            .unwrap_or_else(|| Some(Err(DataFusionError::Execution("the query ended unexpectedly".into()))));
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    /// Called through Arrow's C interface, with or without the interpreter's lock. Only the thread that created the
    /// stream may take the lock: any other could deadlock with its holder.
    fn next(&mut self) -> Option<Self::Item> {
        if thread::current().id() == self.home
            && let Some(pulled) =
                Python::try_attach(|py| self.pull(py).map_err(|error| reader_error(py, &error)))
        {
            return pulled.transpose();
        }
        let failed = |error| ArrowError::ExternalError(Box::new(QueryError::from(error)));
        self.pull_from_other_thread().map(|batch| batch.map_err(failed))
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Converts an exception to an error of the stream, for which its reader raises its own.
fn reader_error(py: Python<'_>, error: &PyErr) -> ArrowError {
    let class = error.get_type(py).name().map_or_else(|_| "error".to_owned(), |name| name.to_string());
    match error.value(py).to_string() {
        text if text.is_empty() => ArrowError::ExternalError(class.into()),
        text => ArrowError::ExternalError(format!("{class}: {text}").into()),
    }
}

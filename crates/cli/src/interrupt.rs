//! Signals that end a run: Ctrl-C, and on Unix also SIGTERM and SIGHUP.
//!
//! A thread of its own listens for them: the threads of a query may all be busy for minutes, in a join for example, and
//! would not see the signal.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::exit::ExitCode;

/// Counts the signals of this process.
pub(crate) struct Interrupts {
    count: watch::Receiver<u32>,
}

/// The effect of a second signal while the first is being handled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecondSignal {
    /// It ends the process at once.
    Exits,
    /// It is counted like the first.
    Counted,
}

impl Interrupts {
    /// Starts to listen. From then on, a signal alone does not end the process.
    ///
    /// # Errors
    /// If no thread or no listener can be created.
    pub(crate) fn listen(second: SecondSignal) -> io::Result<Self> {
        let (sender, count) = watch::channel(0);
        let (ready, is_ready) = mpsc::sync_channel(1);
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let runtime = match Builder::new_current_thread().enable_io().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(error))),
            };
            runtime.block_on(async {
                let mut signals = match Signals::new() {
                    Ok(signals) => signals,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                drop(ready.send(Ok(())));
                loop {
                    signals.next().await;
                    if second == SecondSignal::Exits && *sender.borrow() > 0 {
                        std::process::exit(i32::from(ExitCode::Interrupted.number()));
                    }
                    sender.send_modify(|count| *count += 1);
                }
            });
        })?;
        is_ready.recv().map_err(io::Error::other)??;
        Ok(Self { count })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        if self.count.changed().await.is_err() {
            // The listener ended: there will be no signal.
            std::future::pending::<()>().await;
        }
    }

    /// Forgets signals that came while nothing waited for them.
    pub(crate) fn forget(&mut self) {
        self.count.mark_unchanged();
    }
}

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

//! `saltmine scheduler`, `saltmine executor`, and ingesting on their cluster.

use saltmine_cluster::{
    Cluster, ExecutorOptions, SchedulerOptions, ingest_on, log_to, run_executor, run_scheduler,
};
use saltmine_lake::{IngestReport, IngestRequest, Progress};

use crate::args::{ExecutorArgs, IngestArgs, SchedulerArgs};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::interrupt::{Interrupts, Second};
use crate::terminal::Terminal;

/// Stack size of threads that walk plans recursively.
const STACK: usize = 32 << 20;

/// Shows Ballista's log messages.
pub(crate) fn listen(terminal: &Terminal) {
    let tell = *terminal;
    log_to(terminal.is_verbose(), move |line| tell.note(line));
}

pub(crate) fn scheduler(args: &SchedulerArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    listen(terminal);
    let options = SchedulerOptions {
        bind: args.bind,
        host: args.host.clone(),
        executor_timeout: args.executor_timeout,
        attempts: args.attempts,
    };
    terminal.note(&format!("scheduler listening on {}", args.bind));
    serve(async { Ok(run_scheduler(&options).await?) })
}

pub(crate) fn executor(args: &ExecutorArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    listen(terminal);
    let options = ExecutorOptions {
        scheduler: args.scheduler.clone(),
        bind: args.bind.clone(),
        host: args.host.clone(),
        port: args.port,
        cores: args.jobs,
        memory: args.memory_limit.map(|bytes| bytes as u64),
        work_dir: args.work_dir.clone(),
        patience: args.patience,
    };
    terminal
        .note(&format!("executor listening on {}:{}, scheduler {}", args.bind, args.port, args.scheduler));
    serve(async { Ok(run_executor(&options).await?) })
}

/// Runs a cluster process until it ends or is interrupted.
fn serve(work: impl Future<Output = Result<(), CliError>>) -> Result<ExitCode, CliError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.enable_all().thread_stack_size(STACK).build()?;
    let mut interrupts = Interrupts::listen(Second::Exits)?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = work => done,
            () = interrupts.next() => Ok(()),
        }
    });
    runtime.shutdown_background();
    done.map(|()| ExitCode::Success)
}

/// Ingests on the cluster given by `--cluster`; `None` without that option.
pub(crate) fn ingest(
    args: &IngestArgs,
    request: &IngestRequest<'_>,
    progress: &dyn Progress,
    terminal: &Terminal,
) -> Option<Result<IngestReport, CliError>> {
    let cluster = Cluster::new(args.cluster.cluster.clone()?, None);
    listen(terminal);
    let least_bytes = args.cluster.shard_bytes.map(|bytes| bytes as u64);
    Some(ingest_on(&cluster, request, least_bytes, progress).map_err(CliError::from))
}

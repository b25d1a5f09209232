//! The command `saltmine`: arguments, progress, output formats, exit codes. What it does is in the crates below.

mod args;
mod command;
mod custody;
mod error;
mod exit;
mod interrupt;
mod logging;
mod output;
mod progress;
mod terminal;

use std::process;
use std::time::Instant;

use clap::FromArgMatches;

use crate::args::{Cli, Command};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::Case;
use crate::terminal::Terminal;

/// Blocks, pages and dictionaries are allocated by the million; the system's allocator returns their memory to the
/// system each time, which is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> process::ExitCode {
    // Deeply nested statements need a larger stack than the system gives the main thread.
    let thread = std::thread::Builder::new().name("main".to_owned()).stack_size(saltmine_query::STACK_SIZE);
    match thread.spawn(command_line) {
        Ok(running) => running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        Err(_) => command_line(),
    }
}

fn command_line() -> process::ExitCode {
    let start = Instant::now();
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(code) = command::greeting::answer(&words) {
        return code;
    }
    let parsed = args::command().try_get_matches_from(args::join_redact(words.into_iter()));
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return terminal::usage(error),
    };
    if let Some(s3) = cli.command.s3() {
        saltmine_s3::configure(s3.settings());
        saltmine_lake::set_s3_lock_seconds(s3.s3_lock_seconds);
    }
    let terminal = Terminal::new(cli.global);
    let started = logging::start(cli.global.verbose, cli.command.redacted());
    let code = match started.and_then(|()| run(cli.command, &terminal)) {
        Ok(code) => code,
        Err(error) if error.is_broken_pipe() => ExitCode::Success,
        Err(error) => {
            terminal.error(&error.to_string());
            error.exit_code()
        }
    };
    let requests = saltmine_s3::requests();
    if requests != saltmine_s3::Requests::default() {
        terminal.detail(&format!("requests to S3: {requests}"));
    }
    terminal.detail(&format!("took {:.3} s, exit code {}", start.elapsed().as_secs_f64(), code.number()));
    code.into()
}

fn run(mut command: Command, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let case = match command.case() {
        Some(used) => command::case::find::for_command(used, terminal)?,
        None => Case::default(),
    };
    match command {
        Command::Ingest(args) => command::ingest::run(&args, terminal),
        Command::Query(args) => command::query::run(&args, &case, terminal),
        Command::Queries(args) => command::queries::run(&args),
        Command::Hunt(args) => command::hunt::run(&args, &case, terminal),
        Command::Timeline(args) => command::timeline::run(&args, &case, terminal),
        Command::Export(args) => command::export::run(&args, &case, terminal),
        Command::Report(args) => command::report::run(&args, &case, terminal),
        Command::Shell(args) => command::shell::run(&args, case, terminal),
        Command::Latency(args) => command::latency::run(&args, terminal),
        Command::Verify(args) => command::verify::run(&args, terminal),
        Command::Status(args) => command::status::run(&args),
        Command::Case(args) => command::case::run(&args, terminal),
        Command::Compact(args) => command::compact::run(&args, terminal),
        Command::Recover(args) => command::recover::run(&args, terminal),
        Command::Schema(args) => command::schema::run(&args),
        #[cfg(feature = "cluster")]
        Command::Scheduler(args) => command::cluster::scheduler(&args, terminal),
        #[cfg(feature = "cluster")]
        Command::Executor(args) => command::cluster::executor(&args, terminal),
        Command::Playbook(args) => command::playbook::run(&args),
        Command::Completions(args) => command::completions::completions(&args),
        Command::Man(args) => command::completions::man(&args, terminal),
        Command::Demo(args) => command::demo::run(&args, terminal),
        Command::Generate(args) => command::generate::run(&args, terminal),
    }
}

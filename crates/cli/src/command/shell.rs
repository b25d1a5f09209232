//! `saltmine shell`: an SQL prompt.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use saltmine_query::{Params, Session, SessionOptions};
use tokio::runtime::Runtime;

use self::meta::Meta;
use self::prompt::{Input, Prompt};
use super::coverage::finish;
use super::query::{Asked, Written, runtime, terminal_width, write};
use crate::args::ShellArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::{Format, Options, Target};
use crate::terminal::Terminal;

mod complete;
mod meta;
mod prompt;
mod statements;

pub(crate) fn run(args: &ShellArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    if args.inputs.iter().any(|input| input == "-") {
        return Err(CliError::Usage("the shell reads statements from standard input, not logs".into()));
    }
    let options = SessionOptions { allow_writes: args.allow_writes, ..args.engine.session(&args.inputs) };
    let runtime = runtime()?;
    let session = runtime.block_on(super::open(&options, terminal))?;
    let catalogue = super::catalogue(None)?;
    let is_interactive = io::stdin().is_terminal();
    let mut prompt = if is_interactive {
        terminal.note("End statements with ;   \\? for help, \\q to quit");
        Prompt::terminal(complete::Words::for_session(&runtime, &session, &catalogue)?)?
    } else {
        Prompt::pipe()
    };
    let mut shell = Shell {
        runtime,
        session,
        catalogue,
        terminal,
        interactive: is_interactive,
        timing: false,
        format: Format::Table,
        max_rows: args.max_rows,
        csv_safe: args.csv_safe,
    };
    let mut code = ExitCode::Success;
    while let Some(input) = prompt.next()? {
        match shell.carry_out(input) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) if error.is_broken_pipe() => break,
            Err(error) => {
                terminal.error(&error.to_string());
                // A person sees the error and can go on; a script must get a failing exit code.
                if !is_interactive {
                    code = ExitCode::Failure;
                }
            }
        }
    }
    Ok(shell.runtime.block_on(finish(&shell.session, terminal)).and(code))
}

/// The state of the prompt.
struct Shell<'a> {
    runtime: Runtime,
    session: Session,
    catalogue: saltmine_query::catalogue::Catalogue,
    terminal: &'a Terminal,
    interactive: bool,
    timing: bool,
    format: Format,
    max_rows: usize,
    csv_safe: bool,
}

impl Shell<'_> {
    /// Runs one input; returns `false` at the end of the session.
    fn carry_out(&mut self, input: Input) -> Result<bool, CliError> {
        match input {
            Input::Sql(sql) => self.ask(&sql, &Params::new())?,
            Input::Meta(line) => match Meta::parse(&line)? {
                Meta::Quit => return Ok(false),
                Meta::Help => writeln!(io::stdout(), "{}", meta::HELP)?,
                Meta::Timing => {
                    self.timing = !self.timing;
                    self.terminal.note(if self.timing { "Timing is on." } else { "Timing is off." });
                }
                Meta::Format(format) => self.format = format,
                Meta::Tables => self.ask(meta::TABLES, &Params::new())?,
                Meta::Describe(table) => {
                    self.ask(&format!("DESCRIBE {}", meta::identifier(&table)), &Params::new())?;
                }
                Meta::Run(name, given) => {
                    let query = self.catalogue.get(&name)?.clone();
                    let params = query.params(&given)?;
                    self.answer(Asked::Query(&query), &params)?;
                }
            },
        }
        Ok(true)
    }

    fn ask(&self, sql: &str, params: &Params) -> Result<(), CliError> {
        self.answer(Asked::Sql(sql), params)
    }

    fn answer(&self, asked: Asked<'_>, params: &Params) -> Result<(), CliError> {
        let start = Instant::now();
        let target = Target::open(None)?;
        let is_cut = self.interactive && self.max_rows > 0;
        let options = Options {
            max_rows: is_cut.then_some(self.max_rows),
            width: target.is_terminal().then(terminal_width).flatten(),
            csv_safe: self.csv_safe,
        };
        let answer = async {
            let stream = asked.run(&self.session, params).await?;
            write(stream, self.format, target, options).await
        };
        let Written { hidden, .. } = self.runtime.block_on(async {
            if !self.interactive {
                return answer.await;
            }
            tokio::select! {
                answer = answer => answer,
                _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted),
            }
        })?;
        if hidden > 0 {
            self.terminal.warning(&format!("{hidden} more rows not shown; use --max-rows 0"));
        }
        if self.timing {
            self.terminal.note(&format!("Time: {:.3} s", start.elapsed().as_secs_f64()));
        }
        Ok(())
    }
}

//! `saltmine shell`: an SQL prompt.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use saltmine_query::{Params, Session, SessionOptions};
use tokio::runtime::Runtime;

use self::meta::Meta;
use self::prompt::{Input, Prompt};
use super::coverage::finish;
use super::query::{Statement, Written, runtime, write};
use crate::args::ShellArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::interrupt::{Interrupts, SecondSignal};
use crate::output::{Case, Format, Options, Target, counted};
use crate::terminal::Terminal;

mod complete;
mod meta;
mod prompt;
mod statements;

pub(crate) fn run(args: &ShellArgs, case: Case, terminal: &Terminal) -> Result<ExitCode, CliError> {
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
        interrupts: is_interactive.then(|| Interrupts::listen(SecondSignal::Counted)).transpose()?,
        timing: false,
        format: Format::Table,
        max_rows: args.max_rows,
        csv_safe: args.csv_safe,
        inputs: args.inputs.clone(),
        case,
        output: None,
        last: String::new(),
    };
    let mut code = ExitCode::Success;
    while let Some(input) = prompt.next()? {
        match shell.carry_out(input) {
            Ok(Step::Next) => {}
            Ok(Step::Text(text)) => prompt.push_lines(&text),
            Ok(Step::End) => break,
            Err(error) if error.is_broken_pipe() => break,
            Err(error) => {
                terminal.error(&error.to_string());
                // On a terminal, the user sees the error and can continue; a script must get a failing exit code.
                if !is_interactive {
                    code = ExitCode::Failure;
                }
            }
        }
    }
    Ok(shell.runtime.block_on(finish(&shell.session, terminal)).and(code))
}

/// What to do after an input.
enum Step {
    /// Continue.
    Next,
    /// Run the statements of a file or editor.
    Text(String),
    /// Quit.
    End,
}

/// The state of the shell.
struct Shell<'a> {
    runtime: Runtime,
    session: Session,
    catalogue: saltmine_query::catalogue::Catalogue,
    terminal: &'a Terminal,
    /// On a terminal only.
    interrupts: Option<Interrupts>,
    timing: bool,
    format: Format,
    max_rows: usize,
    csv_safe: bool,
    inputs: Vec<String>,
    case: Case,
    /// The destination of the next result.
    output: Option<PathBuf>,
    /// The last statement.
    last: String,
}

impl Shell<'_> {
    fn carry_out(&mut self, input: Input) -> Result<Step, CliError> {
        match input {
            Input::Sql(sql) => {
                self.last.clone_from(&sql);
                self.ask(&sql, &Params::new())?;
            }
            Input::Meta(line) => match Meta::parse(&line)? {
                Meta::Quit => return Ok(Step::End),
                Meta::Hunt => self.hunt()?,
                Meta::Timeline(who) => self.timeline(&who)?,
                Meta::Record if self.format == Format::Record => self.format = Format::Table,
                Meta::Record => self.format = Format::Record,
                Meta::Output(file) => self.output = Some(file.into()),
                Meta::Include(file) => {
                    let path = std::path::Path::new(&file);
                    return Ok(Step::Text(std::fs::read_to_string(path).map_err(CliError::file(path))?));
                }
                Meta::Edit => return Ok(Step::Text(edit(&self.last)?)),
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
                    self.answer(Statement::Query(&query), &params)?;
                }
            },
        }
        Ok(Step::Next)
    }

    /// Shows the screen of a hunt.
    fn hunt(&mut self) -> Result<(), CliError> {
        let Self { session, catalogue, inputs, case, terminal, .. } = self;
        let screen = super::hunt::screen(session, catalogue, inputs, case, terminal, Target::open(None)?);
        interruptible(&self.runtime, self.interrupts.as_mut(), screen)
    }

    /// Shows the sessions of a requester or an address.
    fn timeline(&mut self, who: &str) -> Result<(), CliError> {
        let sessions = super::timeline::write_sessions(&self.session, who, self.terminal);
        interruptible(&self.runtime, self.interrupts.as_mut(), sessions)
    }

    fn ask(&mut self, sql: &str, params: &Params) -> Result<(), CliError> {
        self.answer(Statement::Sql(sql), params)
    }

    fn answer(&mut self, statement: Statement<'_>, params: &Params) -> Result<(), CliError> {
        let start = Instant::now();
        let output = self.output.take();
        let target = Target::open(output.as_deref())?;
        let format = output.as_deref().and_then(Format::of_path).unwrap_or(self.format);
        let is_cut = self.interrupts.is_some() && self.max_rows > 0 && output.is_none();
        let options = Options {
            max_rows: is_cut.then_some(self.max_rows),
            width: target.is_terminal().then(|| target.fitting_width()).flatten(),
            csv_safe: self.csv_safe,
        };
        let answer = async {
            let stream = statement.run(&self.session, params).await?;
            write(stream, format, target, options, None).await
        };
        let Written { hidden, rows } = interruptible(&self.runtime, self.interrupts.as_mut(), answer)?;
        self.terminal.wrote(output.as_deref(), &counted(rows, "row"));
        if hidden > 0 {
            let shown = rows.saturating_sub(hidden as u64);
            self.terminal.warning(&format!("{shown} of {rows} rows shown; --max-rows 0 shows all"));
        }
        if self.timing {
            self.terminal.note(&format!("Time: {:.3} s", start.elapsed().as_secs_f64()));
        }
        Ok(())
    }
}

/// The statement as edited in the user's editor.
fn edit(statement: &str) -> Result<String, CliError> {
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|word| !word.is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let mut file = tempfile::Builder::new().suffix(".sql").tempfile()?;
    writeln!(file, "{}", statement.trim_end())?;
    let done = std::process::Command::new(words.next().unwrap_or("vi")).args(words).arg(file.path()).status();
    match done {
        Ok(status) if status.success() => Ok(std::fs::read_to_string(file.path())?),
        Ok(_) => Err(CliError::Usage(format!("{editor} failed: nothing was run"))),
        Err(error) => Err(CliError::Usage(format!("cannot start the editor {editor}: {error}"))),
    }
}

/// Does some work until it is done or, on a terminal, interrupted.
fn interruptible<T>(
    runtime: &Runtime,
    interrupts: Option<&mut Interrupts>,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let Some(interrupts) = interrupts else { return runtime.block_on(work) };
    interrupts.forget();
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = interrupts.next() => Err(CliError::Interrupted),
            done = work => done,
        }
    })
}

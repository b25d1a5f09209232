//! Statements: the dialect, the limits, the settings, and where an error is.

mod diagnostics;
mod dialect;
mod expansion;
pub(crate) mod memory;
mod settings;
mod statements;

pub(crate) use self::settings::{config, runtime};
pub use self::statements::STACK_SIZE;
pub(crate) use self::statements::run;

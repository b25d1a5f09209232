//! Statements: dialect, limits, settings, and error positions.

mod diagnostics;
mod dialect;
mod expansion;
pub(crate) mod long_rows;
pub(crate) mod memory;
mod settings;
mod statements;

pub use self::memory::default_limit as default_memory_limit;
pub(crate) use self::settings::{config, runtime};
pub use self::statements::STACK_SIZE;
pub(crate) use self::statements::run;

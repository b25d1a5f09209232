//! The extension module of the Python package `saltmine`: ingests, SQL and hunts, with answers as Arrow streams.
//!
//! The package's public functions are written in Python (`python/saltmine`) and convert their arguments to the plain
//! values that the functions here take. Work runs without the interpreter's lock, and interrupts end it.

mod arrow_capsule;
mod catalogue;
mod error;
mod findings;
mod incidents;
mod ingest;
mod options;
mod rows;
mod stream;
mod table;
mod wait;

use pyo3::prelude::*;

/// Blocks, pages and dictionaries are allocated by the million; the command uses the same allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule]
fn _saltmine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<rows::Rows>()?;
    module.add_class::<table::Table>()?;
    module.add_class::<table::Batch>()?;
    module.add_class::<findings::Findings>()?;
    module.add_class::<ingest::IngestReport>()?;
    module.add_function(wrap_pyfunction!(ingest::ingest, module)?)?;
    module.add_function(wrap_pyfunction!(rows::query, module)?)?;
    module.add_function(wrap_pyfunction!(rows::named, module)?)?;
    module.add_function(wrap_pyfunction!(findings::hunt, module)?)?;
    module.add_function(wrap_pyfunction!(incidents::export, module)?)?;
    module.add_function(wrap_pyfunction!(incidents::timeline, module)?)?;
    module.add_function(wrap_pyfunction!(catalogue::queries, module)?)?;
    module.add_function(wrap_pyfunction!(options::parse_time, module)?)?;
    Ok(())
}

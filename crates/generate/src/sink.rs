//! Where finished rows go.

use std::io;

use fastrand::Rng;

use super::row::Row;

/// Takes finished rows.
pub(crate) type Sink<'a> = dyn FnMut(&mut Rng, &mut Row) -> io::Result<()> + 'a;

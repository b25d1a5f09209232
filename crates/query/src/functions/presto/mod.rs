//! The functions of Presto (Trino, Amazon Athena) that published queries on access logs use, and that DataFusion
//! lacks or defines differently.
//!
//! # Same name, different meaning
//!
//! | name | in Presto | here |
//! |---|---|---|
//! | `date_format` | MySQL's specifiers | the same; DataFusion's `to_char` has its own |
//! | `element_at` | of an array or a map | of an array; for maps use `map_extract`, which returns an array |
//! | `parse_datetime`, `date_parse` | with and without a time zone | both with UTC, so that they compare |
//! | `date_add` | a date stays a date | returns a timestamp |
//! | `from_unixtime` | takes fractions | whole seconds |
//! | `regexp_like`, `regexp_extract`, `regexp_replace` | Java's syntax | the syntax of Rust's regex crate |
//! | `regexp_replace` | all matches; groups are `$1` | the first match, all with the flag `'g'`; groups are `\1` |
//! | `concat` | null if a part is null | skips null parts; the operator `\|\|` behaves as in Presto |
//! | `contains` | of an array, or of a network and an address | of a network and an address, or of text; for arrays use `array_has` |
//! | `TRY` | for most errors | for casts, texts that are not times, division by zero and integers that do not fit |
//! | `text = 200` | an error | compares as numbers, an error if the text is not a number; write `text = '200'` |

mod aggregates;
mod calendar;
mod network;
mod pattern;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod try_fn;
mod typed_function;
mod zone;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::prelude::SessionContext;

/// Presto's names for functions that DataFusion has under another name.
const SCALAR_ALIASES: [(&str, &str); 2] = [("array_element", "element_at"), ("string_to_array", "split")];
const AGGREGATE_ALIASES: [(&str, &str); 1] = [("any_value", "arbitrary")];

/// Registers all functions with a context.
pub(super) fn register(context: &SessionContext) {
    for function in time::FUNCTIONS.into_iter().chain(calendar::FUNCTIONS).chain(text::FUNCTIONS) {
        context.register_udf(function.udf());
    }
    context.register_udf(try_fn::FUNCTION.udf());
    context.register_udf(network::ADDRESS.udf());
    // This fails only for registries without rewrites; this one supports them.
    let _ = context.state_ref().write().register_function_rewrite(Arc::new(try_fn::Try));
    for function in aggregates::all() {
        context.register_udaf(function);
    }
    if let Ok(function) = context.udf("contains") {
        context.register_udf(network::contains(function));
    }
    for (name, alias) in SCALAR_ALIASES {
        if let Ok(function) = context.udf(name) {
            context.register_udf(function.as_ref().clone().with_aliases([alias]));
        }
    }
    for (name, alias) in AGGREGATE_ALIASES {
        if let Ok(function) = context.udaf(name) {
            context.register_udaf(function.as_ref().clone().with_aliases([alias]));
        }
    }
}

//! `counted`: a number with its noun, for texts such as the reasons of a finding.

use std::borrow::Cow;

use super::scalar::{Body, TextFunction};
use crate::quantity;

/// The function.
pub(super) const COUNTED: TextFunction = TextFunction {
    name: "counted",
    arguments: &["number", "noun"],
    help: (
        "A number and its noun in the singular or plural: 1 key, 2,779 keys. Null for negative numbers",
        "counted(count(*), 'key')",
    ),
    null_is: None,
    body: Body::Text(|args| {
        let number = args[0].parse().ok()?;
        Some(Cow::Owned(quantity::counted(number, args[1])))
    }),
};

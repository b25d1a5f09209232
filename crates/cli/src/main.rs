//! saltmine
fn main() {}

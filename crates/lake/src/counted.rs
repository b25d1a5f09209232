//! Numbers with their nouns, for messages.

/// `1 source`, `2 sources`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

//! The requester and the address of a row, in the row's other columns, in whatever form no rule would know them by.

use saltmine_format::Principal;

use super::spans::Spans;
use super::{Pseudonyms, Whose};

/// Names that are shorter stand in too many words to be told from them.
const SHORTEST: usize = 3;

/// Account, role, user and session of the requester.
pub(super) fn names(spans: &mut Spans<'_>, whose: Whose<'_>, pseudonyms: &Pseudonyms) {
    let Some(requester) = whose.requester else { return };
    let who = Principal::parse(requester);
    if who.is_aws() {
        return;
    }
    let is_user = who.role.is_none() && who.account.is_some();
    let parts = [
        ("account", who.account),
        ("session", who.session),
        ("role", who.role),
        ("user", who.name.filter(|_| is_user)),
        ("principal", (who.account.is_none()).then_some(requester)),
    ];
    for (kind, name) in parts {
        if let Some(name) = name.filter(|name| name.len() >= SHORTEST) {
            let pseudonym = match kind {
                "principal" => pseudonyms.of(kind, name.to_ascii_lowercase().as_bytes()),
                kind => pseudonyms.name(kind, name.as_bytes()),
            };
            replace(spans, name, |_| pseudonym.clone());
        }
    }
}

/// The address as it is logged, and as host names have it.
pub(super) fn address(spans: &mut Spans<'_>, whose: Whose<'_>, pseudonyms: &Pseudonyms) {
    let Some(address) = whose.address else { return };
    let pseudonym = match address.parse() {
        Ok(address) => pseudonyms.address(address),
        Err(_) => pseudonyms.of("ip", address.as_bytes()),
    };
    for form in [address.to_owned(), address.replace(['.', ':'], "-")] {
        if form.len() >= SHORTEST {
            replace(spans, &form, |_| pseudonym.clone());
        }
    }
}

/// Replaces a name where it stands as a word, in any case.
fn replace(spans: &mut Spans<'_>, name: &str, by: impl Fn(&[u8]) -> String) {
    let name = name.as_bytes();
    let bytes = spans.decoded.bytes();
    let is_word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let starts = bytes.windows(name.len()).enumerate().filter(|(start, window)| {
        let is_part = (*start > 0 && is_word(start - 1)) || is_word(start + name.len());
        !is_part && window.eq_ignore_ascii_case(name)
    });
    for start in starts.map(|(start, _)| start).collect::<Vec<_>>() {
        spans.replace(start..start + name.len(), &by);
    }
}

//! Names of requesters and addresses of rows in forms that no rule would recognise: `alice`, `backup-operator`,
//! `203-0-113-7.isp.example`.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use saltmine_format::Principal;

use super::pseudonyms::Pseudonyms;
use super::replacements::{Replacements, runs};

/// Maximum length of a name to search for, in bytes. IAM names have at most 64 characters, ARNs at most 2,048.
const MAX_NAME_LENGTH: usize = 2048;

/// The requester and address of a row, whose names are replaced in its other columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RowIdentity<'a> {
    pub(crate) requester: Option<&'a str>,
    pub(crate) address: Option<&'a str>,
}

/// Names to replace wherever they occur as words.
///
/// A name is found by its first run of letters and digits. So the search time depends on the length of the text, not on
/// the number of names, of which a session may have many thousands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Kind and spelling, by lower-case name.
    names: HashMap<Vec<u8>, (Kind, String)>,
    /// By the first run of a name: the number of bytes before the run and the total length, longest first.
    shapes: HashMap<Vec<u8>, Vec<(usize, usize)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Account,
    Session,
    Role,
    User,
    /// A requester that is not an ARN.
    Principal,
    Address(Option<IpAddr>),
}

impl Names {
    /// The names of one row.
    pub(crate) fn of_row(row: RowIdentity<'_>, principals: bool, addresses: bool) -> Self {
        let mut names = Self::default();
        if let Some(requester) = row.requester.filter(|_| principals) {
            names.add_requester(requester);
        }
        if let Some(address) = row.address.filter(|_| addresses) {
            names.add_address(address);
        }
        names
    }

    /// Adds the account, role, user and session of a requester. AWS's own services have none.
    pub(crate) fn add_requester(&mut self, requester: &str) {
        let who = Principal::parse(requester);
        if who.is_aws() {
            return;
        }
        let is_user = who.role.is_none() && who.account.is_some();
        let parts = [
            (Kind::Account, who.account),
            (Kind::Session, who.session),
            (Kind::Role, who.role),
            (Kind::User, who.name.filter(|_| is_user)),
            (Kind::Principal, who.account.is_none().then_some(requester)),
        ];
        for (kind, name) in parts {
            if let Some(name) = name {
                self.add(kind, name);
            }
        }
    }

    /// Adds an address in its logged form and in host name form.
    pub(super) fn add_address(&mut self, address: &str) {
        let parsed = address.parse().ok();
        for form in [address.to_owned(), address.replace(['.', ':'], "-")] {
            // Something other than an address may be a single letter, which would be replaced everywhere.
            if parsed.is_some() || form.len() > 2 {
                self.add(Kind::Address(parsed), &form);
            }
        }
    }

    fn add(&mut self, kind: Kind, name: &str) {
        let folded = name.as_bytes().to_ascii_lowercase();
        // Without a letter or digit, there is no word to find.
        let Some(first) = runs(&folded, is_word).into_iter().next() else { return };
        if folded.len() > MAX_NAME_LENGTH || self.names.contains_key(&folded) {
            return;
        }
        let shapes = self.shapes.entry(folded[first.clone()].to_vec()).or_default();
        let shape = (first.start, folded.len());
        if !shapes.contains(&shape) {
            shapes.push(shape);
            shapes.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
        }
        self.names.insert(folded, (kind, name.to_owned()));
    }
}

/// Replaces names that occur as words, case-insensitively.
pub(super) fn find(spans: &mut Replacements<'_>, names: &Names, pseudonyms: &Pseudonyms) {
    if names.names.is_empty() {
        return;
    }
    let folded = spans.decoded.bytes().to_ascii_lowercase();
    let is_part = |at: usize| folded.get(at).is_some_and(|byte| is_word(*byte));
    let mut found = Vec::new();
    let mut tried = HashSet::new();
    for run in runs(&folded, is_word) {
        let Some(shapes) = names.shapes.get(&folded[run.clone()]) else { continue };
        for (before, length) in shapes {
            let Some(start) = run.start.checked_sub(*before) else { continue };
            let Some(text) = folded.get(start..start + length) else { continue };
            if (start > 0 && is_part(start - 1)) || is_part(start + length) || !tried.insert((start, *length))
            {
                continue;
            }
            if let Some((kind, name)) = names.names.get(text) {
                found.push((start..start + length, kind.pseudonym(name, pseudonyms)));
            }
        }
    }
    for (range, pseudonym) in found {
        spans.replace(range, |_| pseudonym);
    }
}

impl Kind {
    /// The pseudonym of the name, as in the requester or address column.
    fn pseudonym(self, name: &str, pseudonyms: &Pseudonyms) -> String {
        match self {
            Self::Account => pseudonyms.get("account", name.as_bytes()),
            Self::Session => pseudonyms.name("session", name.as_bytes()),
            Self::Role => pseudonyms.name("role", name.as_bytes()),
            Self::User => pseudonyms.name("user", name.as_bytes()),
            Self::Principal => pseudonyms.get("principal", name.to_ascii_lowercase().as_bytes()),
            Self::Address(Some(address)) => pseudonyms.address(address),
            Self::Address(None) => pseudonyms.get("ip", name.as_bytes()),
        }
    }
}

// Non-ASCII bytes are parts of letters.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

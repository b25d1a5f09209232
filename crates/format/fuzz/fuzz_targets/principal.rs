//! Every part of a principal is a part of the requester, and no part is empty.
#![no_main]

use libfuzzer_sys::fuzz_target;
use saltmine_format::Principal;

fuzz_target!(|requester: &str| {
    let who = Principal::parse(requester);
    let parts = [who.partition, who.account, who.path, who.name, who.role, who.session];
    for part in parts.into_iter().flatten() {
        assert!(!part.is_empty() && requester.contains(part));
    }
    assert!(who.account.is_none_or(|account| account.len() == 12));
});

//! Names under which the page marks a principal or an address wherever it occurs.

use saltmine_query::functions;

use super::text;

/// The principal of requests without credentials.
pub(super) const ANONYMOUS: &str = "anonymous";

/// The mark of a requester or principal, whatever its session.
pub(super) fn principal(who: &str, shown: usize) -> String {
    text::cut(&format!("p:{}", functions::principal(who)), shown)
}

/// The mark of an address.
pub(super) fn address(address: &str, shown: usize) -> String {
    text::cut(&format!("a:{address}"), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_a_role_have_one_mark() {
        let role = "arn:aws:sts::111122223333:assumed-role/etl";
        let marks = ["/one", "/two"].map(|session| principal(&format!("{role}{session}"), 240));
        assert_eq!(marks, ["p:111122223333:role/etl", "p:111122223333:role/etl"]);
        assert_eq!(principal("111122223333:role/etl", 240), marks[0]);
        assert_eq!(
            (principal(ANONYMOUS, 0), principal("-", 0)),
            ("p:anonymous".into(), "p:anonymous".into())
        );
        assert_eq!(address("192.0.2.1", 240), "a:192.0.2.1");
    }
}

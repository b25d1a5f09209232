//! Anomalies of a line: a set of labels, empty for a clean line.

use std::fmt;

/// A set of anomalies. Displayed as comma-separated labels, in the order of [`Anomalies::WORDS`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Anomalies(u16);

impl Anomalies {
    /// No anomaly.
    pub const NONE: Self = Self(0);
    /// The request-URI, referer, user agent or host header contains a quote.
    pub const EMBEDDED_QUOTE: Self = Self(1);
    /// The line can be parsed in more than one way: quotes or spaces in a client's text may end a field. The
    /// reading with the host id in its place is used, if there is one.
    pub const AMBIGUOUS_QUOTES: Self = Self(1 << 1);
    /// The fields do not fit the line; only fields that are certain are filled.
    pub const MISALIGNED: Self = Self(1 << 2);
    /// The line ends before its seventeenth field.
    pub const SHORT: Self = Self(1 << 3);
    /// The line has text after the last known field. In JSON: a member that is unknown, repeated or of an
    /// unexpected type. (The extra token of March 2019 counts too.) The text is kept in `extra`.
    pub const EXTRA_FIELDS: Self = Self(1 << 4);
    /// The line had bytes that are not valid UTF-8; they are shown as `\xHH`. Set by the code that validates
    /// the block. In JSON, also an unpaired surrogate, which is kept as written.
    pub const INVALID_UTF8: Self = Self(1 << 5);
    /// A numeric field is not a number or does not fit; its column is null.
    pub const BAD_NUMBER: Self = Self(1 << 6);
    /// Several spaces where one belongs, or spaces after the last field.
    pub const SPACES: Self = Self(1 << 7);

    /// The labels, by bit.
    pub const WORDS: [&'static str; 8] = [
        "embedded_quote",
        "ambiguous_quotes",
        "misaligned",
        "short",
        "extra_fields",
        "invalid_utf8",
        "bad_number",
        "spaces",
    ];

    /// Whether the set is empty.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the set contains all of `other`.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds `other`.
    #[inline]
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Adds `other` if `condition` holds.
    #[inline]
    pub const fn insert_if(&mut self, other: Self, condition: bool) {
        if condition {
            self.0 |= other.0;
        }
    }

    /// The set as bits, for counting and for tables indexed by anomaly.
    #[inline]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The labels of the set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, word)| word)
    }
}

impl std::ops::BitOr for Anomalies {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Anomalies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.words().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(word)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Anomalies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Anomalies({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_in_order() {
        let mut set = Anomalies::SPACES | Anomalies::EMBEDDED_QUOTE;
        assert_eq!(set.to_string(), "embedded_quote,spaces");
        set.insert_if(Anomalies::SHORT, false);
        assert!(!set.contains(Anomalies::SHORT));
        assert_eq!(Anomalies::NONE.to_string(), "");
    }
}

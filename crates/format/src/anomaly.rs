//! What is odd about a line: a set of words, empty for a clean line.

use std::fmt;

/// A set of anomalies. Written as comma-joined words, in the order of [`Anomalies::WORDS`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Anomalies(u16);

impl Anomalies {
    /// Nothing odd.
    pub const NONE: Self = Self(0);
    /// A quote stands inside request-URI, referer, user agent or host header.
    pub const EMBEDDED_QUOTE: Self = Self(1);
    /// The line can be read in more than one way: quotes or spaces in a client's text may end a field. One reading was
    /// taken: that with the host id in its place, if there is one.
    pub const AMBIGUOUS_QUOTES: Self = Self(1 << 1);
    /// The line does not add up; only what is certain was filled.
    pub const MISALIGNED: Self = Self(1 << 2);
    /// The line ends before its seventeenth field.
    pub const SHORT: Self = Self(1 << 3);
    /// There is more than the fields known today (or the extra token of March 2019, or a member of JSON that is not known,
    /// comes again or is of another type); it is kept in `extra`.
    pub const EXTRA_FIELDS: Self = Self(1 << 4);
    /// The line held bytes that are not UTF-8; they were written as `\xHH`. Set by who validates the block. Of JSON, also
    /// half of a surrogate pair, which stays as it is written.
    pub const INVALID_UTF8: Self = Self(1 << 5);
    /// A number that is none, or that does not fit; its column is null.
    pub const BAD_NUMBER: Self = Self(1 << 6);
    /// Runs of spaces where one belongs, or spaces after the last field.
    pub const SPACES: Self = Self(1 << 7);

    /// The words, by bit.
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

    /// Whether nothing is odd.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are in the set.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds `other`.
    #[inline]
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Adds `other` where `condition` holds.
    #[inline]
    pub const fn insert_if(&mut self, other: Self, condition: bool) {
        if condition {
            self.0 |= other.0;
        }
    }

    /// The set as bits, for counting and tables indexed by it.
    #[inline]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The words of the set.
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

//! The name of a round.

use std::fmt;

use uuid::Uuid;

/// The run and the number of a round, counted from 1: its name, and the id of its transactions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RoundName {
    pub(crate) run_id: String,
    pub(crate) round: u32,
}

impl RoundName {
    pub(crate) fn new(run_id: &str, round: u32) -> Self {
        Self { run_id: run_id.to_owned(), round }
    }

    /// Parses `UUID-rNNNN`; `None` if the text is not the name of a round.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (run_id, round) = text.rsplit_once("-r")?;
        let is_run = Uuid::try_parse(run_id).is_ok_and(|id| id.hyphenated().to_string() == run_id);
        let name = Self::new(run_id, round.parse().ok()?);
        (is_run && name.to_string() == text).then_some(name)
    }

    /// The name of the `number`th file that the round adds to a table.
    pub(crate) fn part(&self, number: usize) -> String {
        format!("part-{self}-{number:05}.parquet")
    }
}

impl fmt::Display for RoundName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-r{:04}", self.run_id, self.round)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rounds_and_others() {
        let run = "019a0000-0000-7000-8000-000000000001";
        for round in [1, 9999, 10_000] {
            let name = RoundName::new(run, round);
            assert_eq!(RoundName::parse(&name.to_string()), Some(name));
        }
        for other in [
            "left",
            "..",
            "x-r0001",
            "019a0000-0000-7000-8000-000000000001",
            "019a0000-0000-7000-8000-000000000001-r1",
            "019a0000-0000-7000-8000-000000000001-r+001",
            "019A0000-0000-7000-8000-000000000001-r0001",
            "019a000000007000800000000000000 1-r0001",
        ] {
            assert_eq!(RoundName::parse(other), None, "{other}");
        }
    }
}

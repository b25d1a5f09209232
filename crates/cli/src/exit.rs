//! Exit codes.

use std::process;

/// Exit codes. If several apply, the first of these wins: failure, findings, damaged input, success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Success.
    Success,
    /// The command failed.
    Failure,
    /// Wrong usage. (clap also exits with this code by itself.)
    Usage,
    /// Completed, but some input was damaged or rejected.
    DamagedInput,
    /// A hunt found something at or above `--fail-on`.
    Findings,
    /// Interrupted.
    Interrupted,
}

impl ExitCode {
    /// The number.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::DamagedInput => 3,
            Self::Findings => 4,
            // Interrupted; the code that shells report for a command killed by SIGINT.
            Self::Interrupted => 130,
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Interrupted => 5,
            Self::Failure => 4,
            Self::Usage => 3,
            Self::Findings => 2,
            Self::DamagedInput => 1,
            Self::Success => 0,
        }
    }

    /// Combines the results of two parts of a run.
    pub(crate) fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode::{DamagedInput, Failure, Findings, Success, Usage};

    #[test]
    fn the_worst_wins() {
        assert_eq!(Success.and(DamagedInput), DamagedInput);
        assert_eq!(Findings.and(DamagedInput), Findings);
        assert_eq!(DamagedInput.and(Failure).and(Success), Failure);
        assert_eq!(
            [Success, Failure, Usage, DamagedInput, Findings].map(|code| code.number()),
            [0, 1, 2, 3, 4]
        );
    }
}

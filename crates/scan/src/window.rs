//! A time window, and whether file names may be used to exclude files from it.
//!
//! The name of a log file gives the time of its delivery, but only if nobody copied, merged or renamed it.
//! AWS guarantees no limit on the delay of a record; more than nine days have been measured. Other servers
//! put the start time of a file into its name. So names are used only where opening every file would take too
//! long, with a wide margin, and skipped files are counted.

/// Microseconds per day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// The maximum time between a request and the delivery of its object, unless [`NameRules::delay`] overrides
/// it: 14 days, in microseconds.
pub const DELIVERY_DELAY: i64 = 14 * DAY;

/// The maximum time of a request after the time in the file name: one day, because clocks differ and some
/// servers use the start time of the file.
pub(crate) const MAX_AFTER_NAME: i64 = DAY;

/// Which names are trusted to exclude files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameTrust {
    /// None: every file and object is read.
    Nothing,
    /// S3 objects in the two layouts in which AWS delivers logs.
    #[default]
    S3,
    /// Also files on disk whose names have AWS's form.
    All,
}

/// How file names limit the times of the requests in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRules {
    /// Which names are trusted.
    pub trust: NameTrust,
    /// The maximum time between a request and the time in the file name, in microseconds.
    pub delay: i64,
}

impl Default for NameRules {
    fn default() -> Self {
        Self { trust: NameTrust::default(), delay: DELIVERY_DELAY }
    }
}

/// A range of request times, in microseconds since 1970 (UTC), and how names limit it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Start of the window (inclusive); `None` for no limit.
    pub since: Option<i64>,
    /// End of the window (exclusive); `None` for no limit.
    pub until: Option<i64>,
    /// How names may exclude files.
    pub names: NameRules,
}

impl Window {
    /// Whether a file may contain requests in the window, given the first and last possible time of its
    /// delivery. Always true if its name has no time.
    pub fn may_hold(&self, delivered: Option<(i64, i64)>) -> bool {
        let Some((first, last)) = delivered else { return true };
        let latest = last.saturating_add(MAX_AFTER_NAME);
        let earliest = first.saturating_sub(self.names.delay);
        self.since.is_none_or(|since| latest >= since) && self.until.is_none_or(|until| earliest < until)
    }

    /// The first and last time in the names of files that may contain requests in the window; `None` for no
    /// limit.
    pub(crate) fn delivery(&self) -> (Option<i64>, Option<i64>) {
        // A file for a whole day is named after the beginning of the day.
        let first = self.since.map(|since| since.saturating_sub(MAX_AFTER_NAME + DAY));
        (first, self.until.map(|until| until.saturating_add(self.names.delay)))
    }

    /// Whether the window has a start or an end.
    pub fn is_bounded(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
}

/// Files skipped although a path names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedFiles {
    /// Files on disk whose names are outside the window.
    pub files: u64,
    /// S3 objects that were listed but whose keys are outside the window.
    pub objects: u64,
    /// S3 folders of a day, month or year, and months of keys without folders, that were not listed.
    pub periods: u64,
    /// Hidden files and folders, whose names begin with a dot.
    pub hidden: u64,
    /// Entries that are neither a file nor a folder, such as a FIFO or a socket.
    pub special: u64,
    /// Paths of the first hidden and special entries.
    pub named: Vec<String>,
}

impl SkippedFiles {
    /// How many hidden and special entries are named; all are counted.
    pub const MAX_NAMED: usize = 3;

    /// Whether names caused any file to be skipped.
    pub fn is_by_time(&self) -> bool {
        self.files + self.objects + self.periods > 0
    }

    pub(crate) fn name(&mut self, path: &std::path::Path) {
        if self.named.len() < Self::MAX_NAMED {
            self.named.push(path.display().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_fourteen_days_and_can_be_changed() {
        let window = Window { since: Some(0), until: Some(DAY), ..Window::default() };
        let at = |time| Some((time, time));
        assert!(window.may_hold(None));
        assert!(window.may_hold(at(-MAX_AFTER_NAME)) && !window.may_hold(at(-MAX_AFTER_NAME - 1)));
        assert!(window.may_hold(at(15 * DAY - 1)) && !window.may_hold(at(15 * DAY)));
        let wide = Window { names: NameRules { delay: 60 * DAY, ..window.names }, ..window };
        assert!(wide.may_hold(at(61 * DAY - 1)) && !wide.may_hold(at(61 * DAY)));
        assert!(Window::default().may_hold(at(i64::MIN)) && Window::default().may_hold(at(i64::MAX)));
    }
}

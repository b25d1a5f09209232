//! A span of time that is wanted, and whether names of files may say that they are outside of it.
//!
//! The name of a log file gives the time of its delivery, and only if nobody has copied, merged or renamed it. AWS promises
//! no bound on how late a record comes; more than nine days have been measured. Other servers put the time at which a file
//! was begun into its name. So names are used only where opening every file would take too long, with a wide margin, and
//! what they left out is counted.

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// How long before the delivery of an object its requests may have been made, unless [`NameRules::delay`] says otherwise:
/// 14 days, in microseconds.
pub const DELIVERY_DELAY: i64 = 14 * DAY;

/// How long after the time in a name its requests may have been made: a day, for clocks that differ, and for servers that
/// put the time into a name at which they began the file.
pub(crate) const AFTER_NAME: i64 = DAY;

/// Whose names are trusted to say that nothing in the file is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameTrust {
    /// None: every file and object is read.
    Nothing,
    /// Objects of S3 in the two layouts in which AWS delivers logs.
    #[default]
    S3,
    /// Those, and files of the disk whose names are those of AWS.
    All,
}

/// What names of files may say of the times of their requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRules {
    /// Whose names are trusted.
    pub trust: NameTrust,
    /// How long before the time in a name the requests of its file may have been made, in microseconds.
    pub delay: i64,
}

impl Default for NameRules {
    fn default() -> Self {
        Self { trust: NameTrust::default(), delay: DELIVERY_DELAY }
    }
}

/// A span of request times, in microseconds since 1970 (UTC), and how names are taken to bound it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// From this time on; `None` from the beginning.
    pub since: Option<i64>,
    /// Before this time; `None` to the end.
    pub until: Option<i64>,
    /// Whether names may leave out files.
    pub names: NameRules,
}

impl Window {
    /// Whether a file may hold something that is wanted, whose name says that it was delivered between these times, first
    /// and last. A name that says nothing may.
    pub fn may_hold(&self, delivered: Option<(i64, i64)>) -> bool {
        let Some((first, last)) = delivered else { return true };
        let latest = last.saturating_add(AFTER_NAME);
        let earliest = first.saturating_sub(self.names.delay);
        self.since.is_none_or(|since| latest >= since) && self.until.is_none_or(|until| earliest < until)
    }

    /// The first and the last time in names of files that may hold something that is wanted; `None` is open.
    pub(crate) fn delivery(&self) -> (Option<i64>, Option<i64>) {
        // The name of a file of a whole day has the day's first time.
        let first = self.since.map(|since| since.saturating_sub(AFTER_NAME + DAY));
        (first, self.until.map(|until| until.saturating_add(self.names.delay)))
    }

    /// Whether it has a beginning or an end.
    pub fn is_bounded(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
}

/// What was not read, though a path names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Files of the disk whose names are outside of the window.
    pub files: u64,
    /// Objects of S3 that were listed and whose keys are outside of the window.
    pub objects: u64,
    /// Folders of a day, a month or a year in S3, and months of keys without folders, that were not listed.
    pub periods: u64,
    /// Hidden files and folders: those whose names begin with a dot.
    pub hidden: u64,
    /// What is neither a file nor a folder, such as a FIFO or a socket.
    pub special: u64,
    /// The first of the hidden and the special ones, as paths.
    pub named: Vec<String>,
}

impl LeftOut {
    /// How many hidden and special ones are named; all are counted.
    pub const NAMED: usize = 3;

    /// Whether names kept something from being read.
    pub fn is_by_time(&self) -> bool {
        self.files + self.objects + self.periods > 0
    }

    pub(crate) fn name(&mut self, path: &std::path::Path) {
        if self.named.len() < Self::NAMED {
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
        assert!(window.may_hold(at(-AFTER_NAME)) && !window.may_hold(at(-AFTER_NAME - 1)));
        assert!(window.may_hold(at(15 * DAY - 1)) && !window.may_hold(at(15 * DAY)));
        let wide = Window { names: NameRules { delay: 60 * DAY, ..window.names }, ..window };
        assert!(wide.may_hold(at(61 * DAY - 1)) && !wide.may_hold(at(61 * DAY)));
        assert!(Window::default().may_hold(at(i64::MIN)) && Window::default().may_hold(at(i64::MAX)));
    }
}

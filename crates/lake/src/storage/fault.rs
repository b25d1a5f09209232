//! Crashes on demand, for tests: a write path names its steps, and a test has it die after one of them.

use crate::error::LakeError;

/// Where a dataset's writer is to die; nowhere, outside of tests.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Steps yet to be taken; 0 dies at the next one, and at all after it. `None` lives.
    #[cfg(test)]
    left: std::sync::Mutex<Option<u32>>,
}

#[cfg(not(test))]
impl Faults {
    /// A step was completed.
    #[inline]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)]
    pub(crate) fn step(&self) -> Result<(), LakeError> {
        Ok(())
    }

    /// Whether the writer has died, and may clean up no more.
    #[inline]
    #[allow(clippy::unused_self)]
    pub(crate) fn dead(&self) -> bool {
        false
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
impl Faults {
    pub(crate) fn step(&self) -> Result<(), LakeError> {
        match &mut *self.left.lock().unwrap() {
            None => Ok(()),
            Some(0) => Err(LakeError::Crash),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    pub(crate) fn dead(&self) -> bool {
        *self.left.lock().unwrap() == Some(0)
    }

    pub(crate) fn die_after(&self, steps: u32) {
        *self.left.lock().unwrap() = Some(steps);
    }
}

//! Older versions of the format. It grew over the years, and roll-outs took weeks, so that one file may hold lines of
//! two lengths.

use fastrand::Rng;

use super::random::{build_text, push_code};
use super::row::{Row, col};

/// A period in the format's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Era {
    /// Start of the day from which files of this period date, in seconds since 1970.
    pub(crate) start: i64,
    /// Number of fields that most lines have.
    fields: usize,
    /// Number of fields that some lines already have.
    next: usize,
    /// Whether the roll-out of March 2019 is in progress.
    stray: bool,
}

/// From 2012 to 2025. Later years are covered by the requested period.
pub(crate) const ERAS: [Era; 6] = [
    Era { start: 1_328_832_000, fields: 17, next: 17, stray: false },
    Era { start: 1_463_443_200, fields: 18, next: 18, stray: false },
    Era { start: 1_553_040_000, fields: 24, next: 24, stray: true },
    Era { start: 1_592_352_000, fields: 24, next: 24, stray: false },
    Era { start: 1_636_329_600, fields: 25, next: 25, stray: false },
    Era { start: 1_669_680_000, fields: 25, next: 26, stray: false },
];

impl Era {
    /// Gives a row the form of this period.
    pub(crate) fn apply(&self, rng: &mut Rng, row: &mut Row) {
        row.fields = if rng.u8(..3) == 0 { self.next } else { self.fields };
        if self.start < 1_640_000_000 && row.get(col::TLS) == Some("TLSv1.3") {
            row.set(col::TLS, "TLSv1.2");
            row.set(col::CIPHER, "ECDHE-RSA-AES128-GCM-SHA256");
        }
        if self.stray {
            march_2019(rng, row);
        }
    }
}

/// Some lines have an extra token between version id and host id; lines over plain HTTP have no TLS version yet; some
/// lines are old.
fn march_2019(rng: &mut Rng, row: &mut Row) {
    let is_whole = row.get(col::HOST).is_some() && row.get(col::HOST_ID).is_some();
    match rng.u8(..3) {
        0 if is_whole && row.get(col::TLS).is_none() => row.fields = 23,
        0 if is_whole => {
            row.stray = Some(build_text(|out| {
                out.push_str("AIDA");
                push_code(rng, out, 17);
            }));
            row.odd.extra_fields = true;
        }
        1 => row.fields = 18,
        _ => {}
    }
}

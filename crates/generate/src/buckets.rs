//! The buckets and their objects. An object is identified by its number, from which its name and size are derived, so
//! that all requests for it agree.

use std::fmt::Write;

use super::random::{build_text, log_normal, mix, pick, push_hex, push_uuid, seeded, word};
use super::row::civil;

/// The purpose of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Lake,
    Media,
    Website,
    Uploads,
    Archive,
    AppLogs,
    Models,
    Reports,
}

/// A bucket.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) region: &'static str,
    pub(crate) purpose: Purpose,
    /// Share of the traffic, relative to the others.
    pub(crate) weight: f64,
    /// First day of the period, in days since 1970.
    first_day: i64,
    seed: u64,
}

/// The account that owns the buckets.
pub(crate) const ACCOUNT: &str = "111122223333";

const BUCKET_KINDS: [(&str, Purpose, f64, &str); 8] = [
    ("lake", Purpose::Lake, 1.6, "eu-central-1"),
    ("media", Purpose::Media, 1.3, "eu-central-1"),
    ("www", Purpose::Website, 1.0, "eu-central-1"),
    ("uploads", Purpose::Uploads, 1.0, "eu-central-1"),
    ("archive", Purpose::Archive, 0.7, "eu-west-1"),
    ("applogs", Purpose::AppLogs, 1.0, "eu-central-1"),
    ("models", Purpose::Models, 0.6, "us-east-1"),
    ("reports", Purpose::Reports, 0.8, "eu-central-1"),
];

/// The buckets of one owner.
pub(crate) fn all(count: usize, seed: u64, first_day: i64) -> Vec<Bucket> {
    let owner = build_text(|out| push_hex(&mut seeded(seed, &[1]), out, 64));
    let bucket = |index: usize| {
        let (name, purpose, weight, region) = BUCKET_KINDS[index % BUCKET_KINDS.len()];
        let round = index / BUCKET_KINDS.len();
        let name = if round == 0 { format!("halite-{name}") } else { format!("halite-{name}-{}", round + 1) };
        let seed = mix(seed ^ index as u64);
        Bucket { index, name, owner: owner.clone(), region, purpose, weight, first_day, seed }
    };
    (0..count).map(bucket).collect()
}

impl Bucket {
    /// Number of objects that its readers request.
    pub(crate) fn objects(&self) -> u64 {
        match self.purpose {
            Purpose::Website => 400,
            Purpose::Reports => 4_000,
            Purpose::Models => 6_000,
            Purpose::Media | Purpose::Uploads | Purpose::Archive => 60_000,
            Purpose::Lake | Purpose::AppLogs => 200_000,
        }
    }

    /// Writes the name of an object and returns its size in bytes.
    pub(crate) fn object(&self, number: u64, out: &mut String) -> i64 {
        out.clear();
        let rng = &mut seeded(self.seed, &[number]);
        let (year, month, day) = civil(self.first_day - 45 + (number % 75) as i64);
        let date = (year, month, day);
        match self.purpose {
            Purpose::Lake => lake(rng, date, out),
            Purpose::Media => media(rng, out),
            Purpose::Website => website(rng, number, out),
            Purpose::Uploads => uploads(rng, date, out),
            Purpose::Archive => {
                let system = pick(rng, &["db-main", "db-billing", "mail", "wiki", "home"]);
                let _ = write!(
                    out,
                    "snapshots/{system}/{year}/{month:02}/{day:02}/full-{:04}.tar.zst",
                    rng.u16(..9999)
                );
            }
            Purpose::AppLogs => {
                let service = pick(rng, &["checkout", "search", "gateway", "auth", "mailer"]);
                let _ = write!(
                    out,
                    "app/{service}/year={year}/month={month:02}/day={day:02}/{service}-{:02}-",
                    rng.u8(..24)
                );
                push_hex(rng, out, 12);
                out.push_str(".log.gz");
            }
            Purpose::Models => {
                let model = pick(rng, &["churn", "ranker", "fraud", "vision-s", "forecast"]);
                let _ = write!(
                    out,
                    "models/{model}/run={year}{month:02}{day:02}/epoch-{:03}/weights-{:05}-of-00064.safetensors",
                    rng.u8(..120),
                    rng.u8(..64)
                );
            }
            Purpose::Reports => {
                let team = pick(rng, &["Finanzen", "Vertrieb", "R&D", "Système", "経理", "legal"]);
                let title = pick(
                    rng,
                    &[
                        "Quarterly report",
                        "Übersicht",
                        "P+L statement",
                        "Budget 100%",
                        "Liste (neu)",
                        "résumé",
                    ],
                );
                let _ = write!(
                    out,
                    "{team}/{year}/{title} {month:02}-{:04}.{}",
                    rng.u16(..9999),
                    pick(rng, &["pdf", "xlsx", "docx"])
                );
            }
        }
        let (median, sigma) = self.sizes();
        (log_normal(rng, median, sigma) as i64).clamp(1, 400 << 20)
    }

    fn sizes(&self) -> (f64, f64) {
        match self.purpose {
            Purpose::Lake => (180_000.0, 1.2),
            Purpose::Media => (90_000.0, 1.0),
            Purpose::Website => (14_000.0, 1.1),
            Purpose::Uploads => (240_000.0, 1.2),
            Purpose::Archive => (6_000_000.0, 0.8),
            Purpose::AppLogs => (60_000.0, 1.1),
            Purpose::Models => (1_400_000.0, 0.6),
            Purpose::Reports => (160_000.0, 1.0),
        }
    }
}

fn lake(rng: &mut fastrand::Rng, (year, month, day): (i64, usize, i64), out: &mut String) {
    let table = pick(rng, &["events", "orders", "clicks", "sessions", "inventory_daily"]);
    let zone = pick(rng, &["raw", "curated", "curated", "mart"]);
    let _ = write!(
        out,
        "{zone}/{table}/dt={year}-{month:02}-{day:02}/hour={:02}/part-{:05}-",
        rng.u8(..24),
        rng.u16(..400)
    );
    push_uuid(rng, out);
    out.push_str(".c000.snappy.parquet");
}

fn media(rng: &mut fastrand::Rng, out: &mut String) {
    let size = pick(rng, &["thumb", "small", "large", "original"]);
    out.push_str("img/");
    push_hex(rng, out, 2);
    let _ = write!(out, "/{size}/");
    match rng.u8(..12) {
        0 => {
            let name = pick(rng, &["Käse & Brot", "été à Paris", "foto señal", "写真", "summer sale 50%"]);
            let _ = write!(out, "{name} {:04}", rng.u16(..9999));
        }
        _ => push_uuid(rng, out),
    }
    out.push_str(word(rng, &[".jpg", ".webp", ".png", ".avif"]));
}

fn website(rng: &mut fastrand::Rng, number: u64, out: &mut String) {
    match number {
        0 => out.push_str("index.html"),
        1 => out.push_str("assets/app.js"),
        2 => out.push_str("assets/site.css"),
        3 => out.push_str("favicon.ico"),
        _ if number.is_multiple_of(3) => {
            let _ = write!(out, "docs/chapter-{}/section-{number}.html", number % 17);
        }
        _ if number % 3 == 1 => {
            out.push_str("assets/chunk-");
            push_hex(rng, out, 8);
            out.push_str(".js");
        }
        _ => {
            let _ = write!(out, "blog/20{}/post-{number}/index.html", 20 + number % 6);
        }
    }
}

fn uploads(rng: &mut fastrand::Rng, (year, month, day): (i64, usize, i64), out: &mut String) {
    let _ = write!(out, "customers/{:06}/{year}-{month:02}-{day:02}/", rng.u32(..40_000));
    let name = pick(rng, &["invoice", "scan", "Screen Shot", "contract (final)", "Anhang", "fichier été"]);
    let _ = write!(out, "{name} {:05}.{}", rng.u32(..99_999), pick(rng, &["pdf", "jpg", "png", "heic"]));
}

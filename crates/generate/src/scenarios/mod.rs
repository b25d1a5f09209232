//! Attacks to add to the baseline, each with its own switch and a description beside the logs.

mod credential_stuffing;
mod key_enumeration;
mod leaked_presigned;
mod log_injection;
mod mass_delete;
mod night_exfiltration;
mod public_scrape;
mod ransom_copy;
mod ransom_lifecycle;
mod settings_tampering;
mod weak_tls;

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde::Serialize;

use super::actors::Actor;
use super::buckets::{Bucket, Purpose};
use super::random::seeded;
use super::request::{RequestSpec, begin, outcome, refusal};
use super::row::{Row, clock, col};

/// An attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Scenario {
    /// Every scenario.
    All,
    /// Anonymous readers from many addresses read private data.
    PublicScrape,
    /// Stolen and invented access keys are tried.
    CredentialStuffing,
    /// Object names are guessed.
    KeyEnumeration,
    /// A user reads far more than ever before, at night and from a new address.
    NightExfiltration,
    /// A role deletes hundreds of objects in minutes.
    MassDelete,
    /// Objects are overwritten in place by copies and become unreadable; a ransom note is left.
    RansomCopy,
    /// A lifecycle rule that expires everything is set.
    RansomLifecycle,
    /// One presigned URL is used from dozens of addresses.
    LeakedPresigned,
    /// Logging, versioning, policy, ACL, public access block and object lock are changed within an hour.
    SettingsTampering,
    /// Clients with TLS 1.0 and 1.1, and with Signature Version 2.
    WeakTls,
    /// User agents with forged log lines, terminal codes, formulas and markup.
    LogInjection,
}

impl Scenario {
    const EXAMPLE_LINES: [Self; 11] = [
        Self::PublicScrape,
        Self::CredentialStuffing,
        Self::KeyEnumeration,
        Self::NightExfiltration,
        Self::MassDelete,
        Self::RansomCopy,
        Self::RansomLifecycle,
        Self::LeakedPresigned,
        Self::SettingsTampering,
        Self::WeakTls,
        Self::LogInjection,
    ];

    /// Name as on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::PublicScrape => "public-scrape",
            Self::CredentialStuffing => "credential-stuffing",
            Self::KeyEnumeration => "key-enumeration",
            Self::NightExfiltration => "night-exfiltration",
            Self::MassDelete => "mass-delete",
            Self::RansomCopy => "ransom-copy",
            Self::RansomLifecycle => "ransom-lifecycle",
            Self::LeakedPresigned => "leaked-presigned",
            Self::SettingsTampering => "settings-tampering",
            Self::WeakTls => "weak-tls",
            Self::LogInjection => "log-injection",
        }
    }

    /// Catalogue queries that should find it.
    fn expects(self) -> &'static [&'static str] {
        match self {
            Self::All => &[],
            Self::PublicScrape => &["anonymous-success", "exposure-window"],
            Self::CredentialStuffing => &["auth-failures"],
            Self::KeyEnumeration => &["key-guessing"],
            Self::NightExfiltration => &["bulk-read", "list-then-drain", "new-source-address"],
            Self::MassDelete => &["mass-delete"],
            Self::RansomCopy => &["overwrite-storm", "unreadable-after-overwrite", "ransom-note"],
            Self::RansomLifecycle => &["lifecycle-wipe"],
            Self::LeakedPresigned => &["presigned-replay", "presigned-long-lived"],
            Self::SettingsTampering => {
                &["guardrail-strip", "access-change-timeline", "protection-off", "lock-api-timeline"]
            }
            Self::WeakTls => &["tls-inventory", "sigv2"],
            Self::LogInjection => &["record-anomalies"],
        }
    }

    fn run(self, stage: &mut Stage<'_>) {
        match self {
            Self::All => {}
            Self::PublicScrape => public_scrape::run(stage),
            Self::CredentialStuffing => credential_stuffing::run(stage),
            Self::KeyEnumeration => key_enumeration::run(stage),
            Self::NightExfiltration => night_exfiltration::run(stage),
            Self::MassDelete => mass_delete::run(stage),
            Self::RansomCopy => ransom_copy::run(stage),
            Self::RansomLifecycle => ransom_lifecycle::run(stage),
            Self::LeakedPresigned => leaked_presigned::run(stage),
            Self::SettingsTampering => settings_tampering::run(stage),
            Self::WeakTls => weak_tls::run(stage),
            Self::LogInjection => log_injection::run(stage),
        }
    }
}

/// A row of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Planted {
    pub(crate) scenario: usize,
    /// Whether the row is part of the attack; otherwise it provides context, such as a history.
    pub(crate) attack: bool,
    pub(crate) bucket: usize,
    pub(crate) row: Row,
}

/// Description of a scenario for `scenarios.json`. Times are ISO 8601 in UTC.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ScenarioRecord {
    pub(crate) scenario: &'static str,
    pub(crate) expects: &'static [&'static str],
    pub(crate) buckets: BTreeSet<String>,
    pub(crate) principals: BTreeSet<String>,
    pub(crate) addresses: BTreeSet<String>,
    pub(crate) operations: BTreeSet<String>,
    pub(crate) key_count: usize,
    /// As logged; the first twenty in order.
    pub(crate) keys: BTreeSet<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) rows: usize,
    /// Context rows that are not part of the attack.
    pub(crate) context_lines: Lines,
    /// Rows of the attack.
    pub(crate) lines: Lines,
}

/// Lines by file, as ranges: `12` or `12-40`, both ends included. Line numbers start at 1.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Lines(BTreeMap<String, Vec<String>>);

impl Lines {
    /// Adds a file's lines, which are sorted.
    pub(crate) fn add(&mut self, log_file: &str, lines: &[u64]) {
        for run in lines.chunk_by(|line, next| line + 1 == *next) {
            let text = match run {
                [only] => only.to_string(),
                [first, .., last] => format!("{first}-{last}"),
                [] => continue,
            };
            self.0.entry(log_file.to_owned()).or_default().push(text);
        }
    }
}

/// The environment of a scenario.
pub(crate) struct Stage<'a> {
    pub(crate) buckets: &'a [Bucket],
    pub(crate) rng: Rng,
    start: i64,
    days: u32,
    scenario: usize,
    rows: Vec<Planted>,
}

impl<'a> Stage<'a> {
    /// The bucket with a purpose, or the first bucket.
    pub(crate) fn bucket(&self, purpose: Purpose) -> &'a Bucket {
        self.buckets.iter().find(|bucket| bucket.purpose == purpose).unwrap_or(&self.buckets[0])
    }

    /// A time: the share of the period that has passed, rounded to days, plus seconds of the day.
    pub(crate) fn at(&self, passed: f64, second: i64) -> i64 {
        let last = i64::from(self.days.max(1)) - 1;
        let day = ((f64::from(self.days) * passed) as i64).min(last);
        self.start + day * 86_400 + second
    }

    /// A row with principal, ids and request, but no outcome yet.
    pub(crate) fn begin(&mut self, bucket: &Bucket, actor: &Actor, time: i64, ask: &RequestSpec<'_>) -> Row {
        let mut row = Row::new();
        begin(&mut self.rng, &mut row, bucket, actor, time, ask);
        row
    }

    /// A row of a successful request.
    pub(crate) fn add_success(
        &mut self,
        bucket: &Bucket,
        actor: &Actor,
        time: i64,
        ask: &RequestSpec<'_>,
        sent: i64,
        size: Option<i64>,
    ) {
        let mut row = self.begin(bucket, actor, time, ask);
        let status = if ask.method == "DELETE" { 204 } else { 200 };
        outcome(&mut self.rng, &mut row, status, None, sent, size);
        self.add_row(bucket, row, true);
    }

    /// A row of a refused request.
    pub(crate) fn refused(
        &mut self,
        bucket: &Bucket,
        actor: &Actor,
        time: i64,
        ask: &RequestSpec<'_>,
        status: i64,
        error: &str,
    ) {
        let mut row = self.begin(bucket, actor, time, ask);
        refusal(&mut self.rng, &mut row, status, error);
        self.add_row(bucket, row, true);
    }

    /// Adds a row.
    pub(crate) fn add_row(&mut self, bucket: &Bucket, row: Row, attack: bool) {
        self.rows.push(Planted { scenario: self.scenario, attack, bucket: bucket.index, row });
    }

    /// Marks the rows from `count` on as context instead of attack.
    pub(crate) fn context_from(&mut self, count: usize) {
        for planted in &mut self.rows[count..] {
            planted.attack = false;
        }
    }
}

/// A read of an object through the API.
pub(crate) fn get(object: &str) -> RequestSpec<'_> {
    RequestSpec { operation: "REST.GET.OBJECT", method: "GET", object: Some(object), query: "" }
}

/// A request for a bucket or its settings.
pub(crate) fn bucket_ask<'a>(operation: &'a str, method: &'a str, query: &'a str) -> RequestSpec<'a> {
    RequestSpec { operation, method, object: None, query }
}

/// Runs scenarios. Returns their rows in time order and their descriptions.
pub(crate) fn run(
    chosen: &[Scenario],
    buckets: &[Bucket],
    seed: u64,
    start: i64,
    days: u32,
) -> (Vec<Planted>, Vec<ScenarioRecord>) {
    let is_chosen = |scenario: &Scenario| chosen.contains(scenario) || chosen.contains(&Scenario::All);
    let mut rows = Vec::new();
    let mut accounts = Vec::new();
    for scenario in Scenario::EXAMPLE_LINES.into_iter().filter(is_chosen) {
        let rng = seeded(seed, &[4, scenario as u64]);
        let scenario_rows = Vec::new();
        let mut stage = Stage { buckets, rng, start, days, scenario: accounts.len(), rows: scenario_rows };
        scenario.run(&mut stage);
        accounts.push(account(scenario, &stage.rows));
        rows.append(&mut stage.rows);
    }
    rows.sort_by_key(|planted| planted.row.time);
    (rows, accounts)
}

fn account(scenario: Scenario, rows: &[Planted]) -> ScenarioRecord {
    let attack = || rows.iter().filter(|planted| planted.attack).map(|planted| &planted.row);
    let values = |column: usize| -> BTreeSet<String> {
        attack().filter_map(|row| row.get(column)).map(str::to_owned).collect()
    };
    let time = |time: Option<i64>| {
        let (year, month, day, hour, minute, second) = clock(time.unwrap_or_default());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    };
    ScenarioRecord {
        scenario: scenario.name(),
        expects: scenario.expects(),
        buckets: values(col::BUCKET),
        principals: values(col::REQUESTER),
        addresses: values(col::IP),
        operations: values(col::OPERATION),
        key_count: values(col::KEY).len(),
        keys: values(col::KEY).into_iter().take(20).collect(),
        from: time(attack().map(|row| row.time).min()),
        to: time(attack().map(|row| row.time).max()),
        rows: attack().count(),
        context_lines: Lines::default(),
        lines: Lines::default(),
    }
}

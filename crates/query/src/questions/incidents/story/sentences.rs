//! Builds the sentences of an incident.

use std::collections::BTreeSet;

use super::{
    Actor, ActorPlace, Clue, Deed, DeedKind, FailingRequests, IncidentCounts, Losses, PhaseKind, Severity,
    bytes, duration, grouped, number, phase_of,
};

/// Fewer objects do not determine the title, unless a detection is about them.
const MIN_OBJECTS: u64 = 20;

/// The facts about an incident.
pub(super) struct Story<'a> {
    pub(super) rows: &'a [&'a Clue],
    pub(super) actors: &'a [Actor],
    pub(super) counted: &'a IncidentCounts,
    pub(super) losses: &'a Losses,
    pub(super) failing: Option<&'a FailingRequests>,
}

/// The themes of incidents, most severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Theme {
    Unreadable,
    Purged,
    Deleted,
    CopiedOut,
    Taken,
    Collected,
    Changed,
    Settings,
}

impl Theme {
    fn phases(self) -> &'static [PhaseKind] {
        match self {
            Self::Unreadable | Self::Purged | Self::Deleted | Self::Changed => &[PhaseKind::Destruction],
            Self::CopiedOut | Self::Taken | Self::Collected => {
                &[PhaseKind::Exfiltration, PhaseKind::Collection]
            }
            Self::Settings => &[PhaseKind::CoverUp, PhaseKind::AccessOpened],
        }
    }
}

impl Story<'_> {
    fn of_kind(&self, kind: DeedKind) -> impl Iterator<Item = &Deed> {
        self.counted.deeds.iter().filter(move |deed| deed.kind == kind)
    }

    fn requests(&self, kind: DeedKind) -> u64 {
        self.of_kind(kind).map(|deed| deed.requests).sum()
    }

    /// The duration of activities of some kinds.
    fn span(&self, kinds: &[DeedKind]) -> String {
        let of = || self.counted.deeds.iter().filter(|deed| kinds.contains(&deed.kind));
        let first = of().map(|deed| deed.first_seen.0).min().unwrap_or_default();
        let last = of().map(|deed| deed.last_seen.0).max().unwrap_or_default();
        duration(last.saturating_sub(first))
    }

    /// Whether a detection of high severity belongs to a phase of the theme.
    fn has_detection(&self, theme: Theme) -> bool {
        let high = self.rows.iter().filter(|clue| clue.severity >= Severity::High);
        let mut phases = high.flat_map(|clue| &clue.attack).filter_map(|technique| phase_of(technique));
        phases.any(|phase| theme.phases().contains(&phase))
    }

    fn has_technique(&self, technique: &str) -> bool {
        let high = self.rows.iter().filter(|clue| clue.severity >= Severity::High);
        high.flat_map(|clue| &clue.attack).any(|one| one.split('.').next() == Some(technique))
    }

    fn is_unreadable(&self) -> bool {
        let failing = self.failing.map_or(0, |failing| failing.objects);
        let overwritten = self.counted.overwritten.existed;
        overwritten > 0 && (self.has_technique("T1486") || (failing > 0 && overwritten >= MIN_OBJECTS))
    }

    /// The themes; those with detections of high severity come first.
    fn themes(&self) -> Vec<(Theme, String)> {
        let mut themes = self.theme_sentences();
        themes.sort_by_key(|(theme, amount, _)| {
            (!self.has_detection(*theme), *amount < MIN_OBJECTS && !self.has_detection(*theme), *theme)
        });
        themes.into_iter().map(|(theme, _, text)| (theme, text)).collect()
    }

    /// The themes that apply, each with an amount and a sentence.
    fn theme_sentences(&self) -> Vec<(Theme, u64, String)> {
        let (losses, counted) = (self.losses, self.counted);
        let mut sentences = Vec::new();
        if self.is_unreadable() {
            sentences.push((Theme::Unreadable, losses.overwritten_objects, self.unreadable()));
        } else if losses.overwritten_objects > 0 {
            sentences.push((Theme::Changed, losses.overwritten_objects, self.changed()));
        }
        if losses.deleted_versions > 0 {
            let objects: u64 = self.of_kind(DeedKind::VersionDeleted).map(|deed| deed.objects).sum();
            let (versions, objects) = (number(losses.deleted_versions, "version"), number(objects, "object"));
            let text = format!(
                "{versions} of {objects} permanently deleted over {}",
                self.span(&[DeedKind::VersionDeleted])
            );
            sentences.push((Theme::Purged, losses.deleted_versions, text));
        }
        if losses.deleted_objects > 0 {
            sentences.push((Theme::Deleted, losses.deleted_objects, self.deleted()));
        }
        if losses.copied_out_objects > 0 {
            let to = match &losses.destinations[..] {
                [] => "a bucket without logs here".to_owned(),
                [one] => format!("{one}, a bucket without logs here"),
                several => format!("{} buckets without logs here", several.len()),
            };
            let (objects, size) =
                (number(losses.copied_out_objects, "object"), bytes(losses.copied_out_bytes));
            sentences.push((
                Theme::CopiedOut,
                losses.copied_out_objects,
                format!("{objects} ({size}) copied to {to}"),
            ));
        }
        if losses.taken_objects > 0 {
            sentences.push((Theme::Taken, losses.taken_objects, self.taken()));
        }
        if losses.collected_objects > 0 {
            let (objects, size) = (number(losses.collected_objects, "object"), bytes(losses.collected_bytes));
            sentences.push((
                Theme::Collected,
                losses.collected_objects,
                format!("{size} in {objects} read internally"),
            ));
        }
        let settings = settings(counted.deeds.iter());
        if !settings.is_empty() {
            let kinds = [
                DeedKind::AccessChanged,
                DeedKind::LoggingChanged,
                DeedKind::ProtectionChanged,
                DeedKind::BucketDelete,
            ];
            let text = format!("{} within {}", settings.join(", "), self.span(&kinds));
            sentences.push((Theme::Settings, 0, text));
        }
        sentences
    }

    fn taken(&self) -> String {
        let losses = self.losses;
        let objects = number(losses.taken_objects, "object");
        let reads = self.requests(DeedKind::Taken);
        let often = if reads > losses.taken_objects.saturating_mul(2) {
            format!(" by {}", number(reads, "request"))
        } else {
            String::new()
        };
        let listings = self.requests(DeedKind::Listed);
        let after =
            if listings > 0 { format!(", after {}", number(listings, "listing")) } else { String::new() };
        let from = match self.actors.iter().map(|actor| (actor.place, actor.addresses)).next() {
            Some((ActorPlace::NewNetwork, 0 | 1)) => ", from an address new to this principal".to_owned(),
            Some((ActorPlace::NewNetwork, addresses)) => {
                format!(", from {} addresses in networks new to this principal", grouped(addresses))
            }
            Some((ActorPlace::Anonymous, addresses)) => {
                format!(", without credentials, by {}", number(addresses, "address"))
            }
            Some((_, addresses)) if addresses > 1 => format!(", from {} addresses", grouped(addresses)),
            _ => String::new(),
        };
        format!(
            "{} in {objects} read{often} over {}{after}{from}",
            bytes(losses.taken_bytes),
            self.span(&[DeedKind::Taken])
        )
    }

    /// What the actors read as before, next to what is unusual.
    fn read_as_usual(&self) -> Option<String> {
        let objects: u64 = self.of_kind(DeedKind::ReadAsUsual).map(|deed| deed.objects).sum();
        let size: i64 = self.of_kind(DeedKind::ReadAsUsual).map(|deed| deed.bytes).sum();
        (objects > 0).then(|| {
            format!("not counted: {} ({}) read as often as before", number(objects, "object"), bytes(size))
        })
    }

    fn unreadable(&self) -> String {
        let overwritten = number(self.losses.overwritten_objects, "object");
        let in_place = if self.requests(DeedKind::Copied) > 0 { " by copies onto themselves" } else { "" };
        let since = match self.failing {
            Some(failing) => {
                let requests = number(failing.requests, "request");
                format!("; {requests} by others for {} of them have failed since", grouped(failing.objects))
            }
            None => String::new(),
        };
        format!("{overwritten} overwritten{in_place} in {}{since}", self.span(&[DeedKind::Written]))
    }

    fn changed(&self) -> String {
        let text = format!("{} overwritten", number(self.losses.overwritten_objects, "object"));
        match self.losses.served_since {
            0 => text,
            reads => format!("{text}, and read {} by others afterwards", times(reads)),
        }
    }

    fn deleted(&self) -> String {
        let losses = self.losses;
        let expired: u64 = self.of_kind(DeedKind::Expired).map(|deed| deed.objects).sum();
        let size = if losses.deleted_bytes > 0 {
            format!(" ({})", bytes(losses.deleted_bytes))
        } else {
            String::new()
        };
        let objects = number(losses.deleted_objects, "object");
        let span = self.span(&[DeedKind::Deleted, DeedKind::Expired]);
        let note = if losses.deleted_versions == 0 {
            ", none by version id: restorable if versioning was enabled"
        } else {
            ""
        };
        match expired {
            0 => format!("{objects}{size} deleted within {span}{note}"),
            _ if expired == losses.deleted_objects => {
                format!("{objects}{size} expired by a lifecycle rule over {span}{note}")
            }
            _ => format!("{objects}{size} deleted or expired over {span}{note}"),
        }
    }

    /// The title: what kind of incident it is.
    pub(super) fn title(&self) -> String {
        let places: BTreeSet<&str> = self
            .actors
            .iter()
            .map(|actor| match actor.place {
                ActorPlace::NewNetwork => "stolen",
                ActorPlace::Link => "link",
                ActorPlace::Anonymous => "anonymous",
                ActorPlace::Known => "known",
            })
            .collect();
        let title = match self.themes().first().map(|(theme, _)| *theme) {
            Some(Theme::Unreadable) => "Objects overwritten and now unreadable (possible ransom)",
            Some(Theme::Purged) => "Versions permanently deleted",
            Some(Theme::Deleted) => "Mass deletion",
            Some(Theme::CopiedOut) => "Data copied to an external bucket",
            Some(Theme::Taken) if places.contains("stolen") => {
                "Data downloaded with credentials used from a new location"
            }
            Some(Theme::Taken) if places.contains("link") => "Data downloaded through presigned URLs",
            Some(Theme::Taken) if places.contains("anonymous") => "Data downloaded from a public bucket",
            Some(Theme::Taken) => "Data downloaded",
            Some(Theme::Collected) => "Data read far above the baseline",
            Some(Theme::Changed) => "Objects changed",
            Some(Theme::Settings)
                if self.counted.deeds.iter().any(|deed| deed.kind == DeedKind::LoggingChanged) =>
            {
                "Logging and protections changed"
            }
            Some(Theme::Settings) => "Protections changed",
            None => {
                return self
                    .rows
                    .iter()
                    .max_by_key(|clue| clue.severity)
                    .map_or_else(String::new, |clue| clue.title.clone());
            }
        };
        title.to_owned()
    }

    /// All sentences, most important first.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self.themes().into_iter().map(|(_, text)| text).collect();
        if sentences.is_empty() {
            let rows = self.rows.iter().copied();
            sentences.extend(rows.max_by_key(|clue| (clue.severity, clue.events)).map(of_row));
        }
        let mut notes: BTreeSet<String> = BTreeSet::new();
        let mut why: Vec<String> = Vec::new();
        for clue in self.rows.iter().filter(|clue| clue.is_severe()) {
            if clue.query == "ransom-note"
                && let Some(name) = clue.text("name")
            {
                notes.insert(format!("ransom note uploaded: {name}"));
            }
            if let Some(from) = clue.text("silent_from") {
                let until = clue.text("silent_to").map_or("the end of its logs", |until| until);
                let bucket = clue.bucket.as_deref().unwrap_or("the bucket");
                notes.insert(format!("no records of {bucket} from {from} to {until}"));
            }
            if clue.severity >= Severity::High {
                why.extend(clue.reasons.iter().cloned());
            }
        }
        sentences.extend(notes);
        sentences.extend(self.read_as_usual());
        if let Some(failing) = self.failing.filter(|failing| !failing.principals.is_empty()) {
            let codes = if failing.error_codes.is_empty() {
                String::new()
            } else {
                format!(" ({})", failing.error_codes.join(", "))
            };
            let names: Vec<String> = failing.principals.iter().map(|one| super::name(one)).collect();
            sentences.push(format!("requests of {}{codes} have failed since", names.join(", ")));
        }
        let mut seen = BTreeSet::new();
        why.retain(|reason| seen.insert(reason.clone()));
        if !why.is_empty() {
            why.truncate(4);
            sentences.push(format!("why: {}", why.join("; ")));
        }
        sentences
    }
}

fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{} times", grouped(number)) }
}

/// Describes the changed settings.
fn settings<'a>(deeds: impl Iterator<Item = &'a Deed>) -> Vec<String> {
    let mut words = Vec::new();
    let is_change = |deed: &&Deed| {
        matches!(
            deed.kind,
            DeedKind::AccessChanged
                | DeedKind::LoggingChanged
                | DeedKind::ProtectionChanged
                | DeedKind::BucketDelete
        )
    };
    for deed in deeds.filter(is_change) {
        for operation in &deed.operations {
            let word = if deed.kind == DeedKind::BucketDelete {
                "bucket deleted".to_owned()
            } else {
                setting(operation)
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    match words.pop() {
        Some(last) if last == "bucket deleted" => words.push(last),
        Some(last) => words.push(format!("{last} changed")),
        None => {}
    }
    words
}

/// The name of the setting that an operation changes.
fn setting(operation: &str) -> String {
    let word = operation.rsplit('.').next().unwrap_or(operation);
    match word {
        "LOGGING_STATUS" => "logging".to_owned(),
        "BUCKETPOLICY" | "POLICY" => "bucket policy".to_owned(),
        "PUBLIC_ACCESS_BLOCK" => "public access block".to_owned(),
        "ACL" => "ACL".to_owned(),
        "CORS" => "CORS".to_owned(),
        "OBJECT_LOCK_CONFIGURATION" => "object lock".to_owned(),
        "BUCKET" => "bucket".to_owned(),
        other => other.replace('_', " ").to_lowercase(),
    }
}

/// Describes an activity, with its bucket.
pub(super) fn of_deed(deed: &Deed) -> String {
    let Deed { bucket, requests, objects, .. } = deed;
    let (size, count) = (bytes(deed.bytes), number(*objects, "object"));
    let what = match deed.kind {
        DeedKind::Listed => number(*requests, "listing"),
        DeedKind::SettingsRead => format!("settings read {}", times(*requests)),
        DeedKind::Refused => format!("{} refused", number(*requests, "request")),
        DeedKind::Missing => format!("{} for missing objects", number(*requests, "request")),
        DeedKind::Failed => format!("{} failed", number(*requests, "request")),
        DeedKind::Collected => format!("{count} read internally ({size})"),
        DeedKind::Copied => format!("{count} copied ({size})"),
        DeedKind::Taken => format!("{count} read ({size})"),
        DeedKind::ReadAsUsual => format!("{count} read as before ({size})"),
        DeedKind::CopiedOut => {
            format!("{count} copied to {} ({size})", deed.destination.as_deref().unwrap_or("another bucket"))
        }
        DeedKind::Written => format!("{count} written"),
        DeedKind::Deleted => format!("{count} deleted"),
        DeedKind::VersionDeleted => format!("{} permanently deleted", number(deed.versions, "version")),
        DeedKind::Expired => format!("{count} expired"),
        DeedKind::AccessChanged | DeedKind::LoggingChanged | DeedKind::ProtectionChanged => {
            settings(std::iter::once(deed)).join(", ")
        }
        DeedKind::BucketDelete => "bucket deleted".to_owned(),
        DeedKind::Other => number(*requests, "request"),
    };
    if bucket.is_empty() { what } else { format!("{what} in {bucket}") }
}

/// Describes a row of a detection, with its numbers.
pub(super) fn of_row(clue: &Clue) -> String {
    let count =
        |name: &str| clue.number(name).and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0);
    let nouns = [
        ("keys", "object"),
        ("versions", "version"),
        ("expired", "object expired"),
        ("markers", "delete marker"),
        ("failures", "failed request"),
        ("denied", "refusal"),
        ("denials", "refusal"),
        ("not_found", "name not found"),
        ("refusals", "refusal"),
        ("kinds", "setting"),
        ("controls", "protection"),
    ];
    let mut parts: Vec<String> = Vec::new();
    for (name, noun) in nouns {
        if let Some(count) = count(name) {
            // Only the noun takes the plural.
            let (noun, rest) = noun
                .split_once(' ')
                .filter(|(noun, _)| matches!(*noun, "object" | "name"))
                .unwrap_or((noun, ""));
            parts.push(format!("{} {rest}", number(count, noun)).trim_end().to_owned());
        }
    }
    if parts.is_empty() {
        parts.push(number(u64::try_from(clue.events).unwrap_or(0), "request"));
    }
    if let Some(size) = count("bytes") {
        parts.push(bytes(i64::try_from(size).unwrap_or(i64::MAX)));
    }
    if clue.address_count > 1 {
        parts.push(number(clue.address_count as u64, "address"));
    }
    if let Some(destination) = clue.text("destination") {
        parts.push(format!("to {destination}"));
    }
    if let Some(key) = clue.text("key").or_else(|| clue.text("key_decoded")) {
        parts.push(key.to_owned());
    }
    format!("{}: {}", clue.title, parts.join(", "))
}

//! The sections of a page and their figures.

use saltmine_query::report::{Answer, Report, SourceLine, Value};

use super::table::Kind::{Bytes, Code, Count, Flag, Hours, Ip, Millis, Text, Time, Who};
use super::table::{Cell, Spec, Table, cell, number, table, words};
use super::text;

mod hour_heatmap;
mod settings;

pub(super) use self::hour_heatmap::HourHeatmap;
pub(super) use self::settings::setting_change;

/// A part of the page.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) figures: Vec<Figure>,
}

/// One figure with its SQL.
pub(super) struct Figure {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) note: String,
    pub(super) body: Body,
    pub(super) sql: Sql,
}

pub(super) enum Body {
    Table(Table),
    /// A chart that the page's script draws, with its data as a table.
    Chart(&'static str, Table),
    Heatmap(HourHeatmap, HourHeatmap),
    /// A picture as HTML, and its numbers.
    Picture(String, Option<Table>),
}

/// The SQL behind a figure.
pub(super) struct Sql {
    pub(super) text: String,
    /// The figure it belongs to, if that is not clear from its position.
    pub(super) of: &'static str,
    /// Names and values.
    pub(super) params: Vec<(String, String)>,
}

impl Sql {
    pub(super) fn new(sql: &str, params: &[(&str, String)]) -> Self {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Self { text: sql.trim_end().to_owned(), of: "", params: params.collect() }
    }

    pub(super) fn from_answer(answer: &Answer) -> Self {
        Self::new(answer.sql, &answer.params)
    }
}

const FIRST: Spec = ("first_seen", "First (UTC)", Time, "–");
const LAST: Spec = ("last_seen", "Last (UTC)", Time, "–");
const REQUESTS: Spec = ("requests", "Requests", Count, "–");
const FAILED: Spec = ("failed", "Failed", Count, "–");
const SENT: Spec = ("bytes_sent", "Bytes sent", Bytes, "–");
const REQUESTER: Spec = ("requester", "Requester", Who, "(anonymous)");
const BUCKET: Spec = ("bucket", "Bucket", Code, "–");
const ADDRESSES: Spec = ("addresses", "Source IPs", Count, "–");

const TOP: &str = "The 60 with the most requests, and the 60 with the most bytes.";

/// All sections after the findings.
pub(super) fn sections(report: &Report, shown: usize) -> Vec<Section> {
    let page = Sections { report, shown };
    let sections = vec![
        Section { id: "traffic", title: "Traffic", figures: page.traffic() },
        Section { id: "who", title: "Principals and source IPs", figures: page.who() },
        Section { id: "what", title: "Buckets, operations and objects", figures: page.requested() },
        Section { id: "unsigned", title: "Anonymous and presigned access", figures: page.unsigned() },
        Section { id: "settings", title: "Changes to bucket settings", figures: page.settings() },
        Section { id: "errors", title: "Errors", figures: page.errors() },
        Section { id: "transport", title: "Transport and signatures", figures: page.transport() },
        Section { id: "latency", title: "Latency", figures: page.latency() },
        Section { id: "limits", title: "Limitations of this evidence", figures: page.gaps() },
        Section { id: "sources", title: "Sources", figures: page.sources() },
    ];
    sections.into_iter().filter(|section| !section.figures.is_empty()).collect()
}

struct Sections<'a> {
    report: &'a Report,
    shown: usize,
}

impl Sections<'_> {
    /// A whole answer as a table.
    fn whole(
        &self,
        name: &str,
        id: &'static str,
        title: &'static str,
        note: &str,
        specs: &[Spec],
    ) -> Option<Figure> {
        let answer = self.report.answer(name)?;
        let rows = table(answer, answer.rows.iter(), specs, self.shown);
        Some(Figure {
            id,
            title,
            note: note.to_owned(),
            body: Body::Table(rows),
            sql: Sql::from_answer(answer),
        })
    }

    /// A part of an answer as a table.
    fn part(
        &self,
        name: &str,
        part: &str,
        title: (&'static str, &'static str),
        note: &str,
        specs: &[Spec],
    ) -> Option<Figure> {
        let answer = self.report.answer(name)?;
        let rows = table(answer, answer.part(part), specs, self.shown);
        Some(Figure {
            id: title.0,
            title: title.1,
            note: note.to_owned(),
            body: Body::Table(rows),
            sql: Sql::from_answer(answer),
        })
    }

    fn traffic(&self) -> Vec<Figure> {
        let traffic = &self.report.traffic;
        let slots = &traffic.slots;
        if slots.is_empty() {
            return Vec::new();
        }
        let note = format!(
            "Each point is {}. Drag to zoom in, double-click to show everything. Keyboard: arrow keys move, + and − zoom, 0 \
             shows everything.",
            width(slots.width)
        );
        let specs: [Spec; 7] = [
            ("", "From (UTC)", Time, "–"),
            ("", "2xx", Count, "–"),
            ("", "3xx", Count, "–"),
            ("", "4xx", Count, "–"),
            ("", "5xx", Count, "–"),
            ("", "No status", Count, "–"),
            ("", "Bytes sent", Bytes, "–"),
        ];
        let empty = |index: usize| {
            slots.series.iter().all(|(_, values)| values.get(index).is_none_or(|value| *value == 0))
        };
        let row = |index: usize| -> Vec<Cell> {
            let seconds = slots.start + index as i64 * slots.width;
            let values = slots.series.iter().enumerate();
            let cells = values.map(|(place, (_, values))| {
                number(values.get(index).copied().unwrap_or(0), if place == 5 { Bytes } else { Count })
            });
            std::iter::once(cell(&Value::Time(seconds.saturating_mul(1_000_000)), Time, "–", 0))
                .chain(cells)
                .collect()
        };
        let rows = (0..slots.len()).filter(|index| !empty(*index)).map(row).collect();
        let data = Table::new(&specs, rows);
        let sql = || Sql::from_answer(&traffic.answer);
        vec![
            Figure {
                id: "over-time",
                title: "Requests by status, and bytes sent",
                note,
                body: Body::Chart("traffic", data),
                sql: sql(),
            },
            Figure {
                id: "by-hour",
                title: "Activity by weekday and hour (UTC)",
                note: "Darker = more requests (or bytes).".to_owned(),
                body: Body::Heatmap(
                    HourHeatmap::new("Requests", &traffic.requests, text::count),
                    HourHeatmap::new("Bytes sent", &traffic.bytes, text::bytes),
                ),
                sql: sql(),
            },
        ]
    }

    fn who(&self) -> Vec<Figure> {
        let denied = ("denied", "Denied (403)", Count, "–");
        let requesters =
            [REQUESTER, ("kind", "Kind", Text, "–"), REQUESTS, FAILED, denied, SENT, ADDRESSES, FIRST, LAST];
        let addresses = [
            ("remote_ip", "Source IP", Ip, "–"),
            ("private", "Private", Flag, "–"),
            REQUESTS,
            FAILED,
            denied,
            SENT,
            ("requesters", "Requesters", Count, "–"),
            ("anonymous", "Anonymous", Count, "–"),
            FIRST,
            LAST,
        ];
        let agents = [
            ("user_agent", "User agent", Code, "–"),
            ("client", "Client", Text, "–"),
            REQUESTS,
            FAILED,
            SENT,
            ("requesters", "Requesters", Count, "–"),
            ADDRESSES,
            FIRST,
            LAST,
        ];
        let note = format!("{TOP} AmazonS3 is the service itself: lifecycle, replication, inventory.");
        let claims = format!("{TOP} Clients choose the user agent: it hints at tools but proves nothing.");
        [
            self.whole("requesters", "requesters", "Requesters", &note, &requesters),
            self.whole("addresses", "addresses", "Source IPs", TOP, &addresses),
            self.whole("agents", "agents", "User agents", &claims, &agents),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn requested(&self) -> Vec<Figure> {
        let buckets = [
            BUCKET,
            REQUESTS,
            FAILED,
            SENT,
            ("requesters", "Requesters", Count, "–"),
            ADDRESSES,
            ("anonymous", "Anonymous", Count, "–"),
            FIRST,
            LAST,
        ];
        let keys = [
            BUCKET,
            ("key", "Key (decoded)", Code, "–"),
            REQUESTS,
            ("reads", "Read", Count, "–"),
            ("writes", "Written", Count, "–"),
            ("deletes", "Deleted", Count, "–"),
            FAILED,
            SENT,
            FIRST,
            LAST,
        ];
        let prefixes =
            [BUCKET, ("prefix", "Prefix (as logged)", Code, "–"), REQUESTS, FAILED, SENT, FIRST, LAST];
        let operations = [("operation", "Operation", Code, "–"), REQUESTS, FAILED, SENT, FIRST, LAST];
        [
            self.part(
                "buckets",
                "bucket",
                ("buckets", "Buckets"),
                "The 100 with the most requests.",
                &buckets,
            ),
            self.part(
                "kinds",
                "operation",
                ("operations", "Operations"),
                "The 50 with the most requests.",
                &operations,
            ),
            self.whole("keys", "keys", "Objects", TOP, &keys),
            self.whole(
                "prefixes",
                "prefixes",
                "Prefixes",
                &format!("Up to the first slash. {TOP}"),
                &prefixes,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn unsigned(&self) -> Vec<Figure> {
        let specs = [
            ("access", "Access", Text, "–"),
            BUCKET,
            ("operation", "Operation", Code, "–"),
            REQUESTER,
            ("allowed", "Allowed", Count, "–"),
            ("denied", "Denied (403)", Count, "–"),
            REQUESTS,
            SENT,
            ADDRESSES,
            FIRST,
            LAST,
        ];
        let note = "Anonymous requests carry no credentials. The requester of a presigned URL is its signer, not its \
                    user. The 150 with the most allowed requests.";
        self.whole("unsigned", "anonymous-presigned", "Anonymous and presigned requests", note, &specs)
            .into_iter()
            .collect()
    }

    fn settings(&self) -> Vec<Figure> {
        let Some(answer) = self.report.answer("settings") else { return Vec::new() };
        vec![settings::figure(answer, self.shown)]
    }

    fn errors(&self) -> Vec<Figure> {
        let specs = [
            ("http_status", "Status", Code, "(none)"),
            ("error_code", "Error code", Code, "–"),
            REQUESTS,
            ("from_clients", "From clients", Count, "–"),
            FIRST,
            LAST,
        ];
        let note = "The 50 most frequent. Requests without a status were made by S3 itself, such as lifecycle expiry.";
        self.part("kinds", "error", ("error-codes", "Status and error codes"), note, &specs)
            .into_iter()
            .collect()
    }

    fn transport(&self) -> Vec<Figure> {
        let clients = ("from_clients", "From clients", Count, "–");
        let tls = [("tls_version", "TLS version", Code, "(none)"), REQUESTS, clients, SENT, FIRST, LAST];
        let ciphers =
            [("cipher_suite", "Cipher suite", Code, "(none)"), REQUESTS, clients, SENT, FIRST, LAST];
        let signatures = [
            ("signature_version", "Signature", Code, "(none)"),
            ("authentication_type", "Authentication", Code, "–"),
            REQUESTS,
            clients,
            SENT,
            FIRST,
            LAST,
        ];
        let none = "(none): plain HTTP if from clients; otherwise requests that S3 made itself.";
        [
            self.part("kinds", "tls", ("tls", "TLS versions"), none, &tls),
            self.part("kinds", "cipher", ("ciphers", "Cipher suites"), none, &ciphers),
            self.part(
                "kinds",
                "signature",
                ("signatures", "Signature versions"),
                "(none): anonymous requests if from clients.",
                &signatures,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn latency(&self) -> Vec<Figure> {
        let latency = &self.report.latency;
        if latency.curves.is_empty() {
            return Vec::new();
        }
        let specs: [Spec; 11] = [
            ("", "Operation", Code, "–"),
            ("", "Requests", Count, "–"),
            ("", "Total 50 %", Millis, "–"),
            ("", "90 %", Millis, "–"),
            ("", "99 %", Millis, "–"),
            ("", "99.9 %", Millis, "–"),
            ("", "Longest", Millis, "–"),
            ("", "Turn-around 50 %", Millis, "–"),
            ("", "90 %", Millis, "–"),
            ("", "99 %", Millis, "–"),
            ("", "99.9 %", Millis, "–"),
        ];
        let millis = |value: u64| number(i64::try_from(value).unwrap_or(i64::MAX), Millis);
        let rows = latency.curves.iter().map(|curve| {
            let turn_around = match curve.turn_around {
                Some(values) => values.map(millis),
                None => [(); 4].map(|()| cell(&Value::Null, Millis, "–", 0)),
            };
            let operation = words(Some(&curve.operation), Code, "–", self.shown);
            let mut row = vec![operation, number(curve.requests, Count)];
            row.extend(curve.total.map(millis));
            row.push(number(curve.greatest, Millis));
            row.extend(turn_around);
            row
        });
        let note = "Total time runs from the first byte of the request to the last byte of the response, as S3 sees it, and includes \
                    the client’s network. Turn-around time is the time S3 needed before it started to respond. Percentiles are \
                    computed with an HdrHistogram and are at most 0.1 % too high.";
        vec![Figure {
            id: "percentiles",
            title: "Percentiles by operation",
            note: note.to_owned(),
            body: Body::Chart("latency", Table::new(&specs, rows.collect())),
            sql: Sql::from_answer(&latency.answer),
        }]
    }

    fn gaps(&self) -> Vec<Figure> {
        let specs = [
            BUCKET,
            ("hours_without", "Hours without records", Hours, "–"),
            ("hours_with_lines", "Hours with records", Hours, "–"),
            ("gaps", "Gaps", Count, "–"),
            ("longest_gap_hours", "Longest gap (hours)", Hours, "–"),
            ("last_hour_before", "Last hour before it (UTC)", Time, "–"),
            ("silent_at_end", "Silent at the end (hours)", Hours, "–"),
            ("first_hour", "First hour (UTC)", Time, "–"),
            ("last_hour", "Last hour (UTC)", Time, "–"),
        ];
        let note = "Hours without any record between a bucket’s first and last, and from its last to the end of all logs. \
                    The 100 buckets with the most.";
        self.whole("gaps", "gaps", "Hours without records, by bucket", note, &specs).into_iter().collect()
    }

    fn sources(&self) -> Vec<Figure> {
        let sources = &self.report.sources;
        let specs: [Spec; 8] = [
            ("", "File", Code, "–"),
            ("", "Bytes", Bytes, "–"),
            ("", "SHA-256", Code, "–"),
            ("", "Lines", Count, "–"),
            ("", "Rejects", Count, "–"),
            ("", "State", Text, "–"),
            ("", "First (UTC)", Time, "–"),
            ("", "Last (UTC)", Time, "–"),
        ];
        let rows = sources.listed.iter().map(|source| self.source(source));
        let note = "Files with a problem first, then those with rejects; at most 100. File counts cover everything that was \
                    read, whatever the time range of the report.";
        let files = Figure {
            id: "files",
            title: "Source files",
            note: note.to_owned(),
            body: Body::Table(Table::new(&specs, rows.collect())),
            sql: Sql::new(sources.sql, &[]),
        };
        let rejects = [
            ("reason", "Reason", Text, "–"),
            ("lines", "Lines", Count, "–"),
            ("files", "Files", Count, "–"),
            ("one_file", "Example", Code, "–"),
        ];
        let odd = [("anomaly", "Anomaly", Text, "(nothing)"), REQUESTS, FAILED, FIRST, LAST];
        let odd_note = "Parsed, but not fully conforming to the format. The column raw of logs keeps each line \
                        verbatim.";
        [
            self.whole(
                "rejects",
                "rejects",
                "Rejected lines",
                "Lines that could not be parsed. The table rejects keeps each of them verbatim.",
                &rejects,
            ),
            self.part("kinds", "anomaly", ("anomalies", "Malformed or suspicious lines"), odd_note, &odd),
            Some(files),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn source(&self, source: &SourceLine) -> Vec<Cell> {
        let time = |micros: Option<i64>| cell(&micros.map_or(Value::Null, Value::Time), Time, "–", 0);
        let state = match &source.problem {
            Some(problem) => format!("{}: {problem}", source.state),
            None => source.state.clone(),
        };
        vec![
            words(Some(&source.log_file), Code, "–", self.shown),
            number(source.size, Bytes),
            words(source.sha256.as_deref(), Code, "–", 80),
            number(source.lines, Count),
            number(source.rejects, Count),
            words(Some(&state), Text, "–", self.shown),
            time(source.first_time),
            time(source.last_time),
        ]
    }
}

/// A time span in words.
pub(super) fn width(seconds: i64) -> String {
    let (number, unit) = match seconds {
        86_400.. => (seconds / 86_400, "day"),
        3600.. => (seconds / 3600, "hour"),
        _ => (seconds / 60, "minute"),
    };
    if number == 1 { format!("one {unit}") } else { format!("{number} {unit}s") }
}

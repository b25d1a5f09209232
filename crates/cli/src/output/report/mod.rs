//! The report as a self-contained HTML page: it needs no network and no other file.
//!
//! The logs it describes may be hostile. All text goes through [`escape`], and the page's content security policy allows
//! only the embedded script and style, by their hashes, and no loading of anything.

pub(crate) mod escape;
mod figures;
mod findings;
mod head;
mod limits;
mod table;
mod text;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use saltmine_query::report::Report;
use serde::Serialize;
use sha2::{Digest, Sha256};

use self::figures::{Body, Section};
use self::findings::Findings;
use self::head::Head;
use self::limits::LIMITS;
use crate::error::CliError;

const STYLE: &str = concat!(
    include_str!("../../../assets/report/uPlot.min.css"),
    include_str!("../../../assets/report/page.css")
);
const SCRIPT: &str = concat!(
    "/*!\n",
    include_str!("../../../assets/report/uPlot.LICENSE"),
    "*/\n",
    include_str!("../../../assets/report/uPlot.iife.min.js"),
    "\n",
    include_str!("../../../assets/report/page.js")
);

/// Maximum bytes of a page. Log text is shortened step by step until the page fits.
const MAX_PAGE_BYTES: usize = 3_000_000;
/// Characters shown of a field, step by step.
const FIELD_LIMITS: [usize; 3] = [240, 90, 30];

/// Provenance of a report, for its head.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The title.
    pub(crate) title: String,
    /// The command that generated it.
    pub(crate) command: String,
    /// The input, quoted as command arguments.
    pub(crate) input: String,
    /// Time of generation (UTC).
    pub(crate) made: String,
    /// Only requests at or after this time.
    pub(crate) since: Option<DateTime<Utc>>,
    /// Only requests before this time.
    pub(crate) until: Option<DateTime<Utc>>,
    /// Only detections of these packs; all when empty.
    pub(crate) packs: Vec<String>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    policy: &'a str,
    style: &'static str,
    script: &'static str,
    data: &'a str,
    head: Head,
    findings: Findings,
    sections: Vec<Section>,
    limits: &'static [&'static str],
}

/// Data of the charts.
#[derive(Serialize)]
struct Data<'a> {
    traffic: &'a saltmine_query::report::Slots,
    latency: Curves<'a>,
}

#[derive(Serialize)]
struct Curves<'a> {
    scale: &'a [f64],
    series: Vec<(String, &'a [u64])>,
}

/// Maximum number of curves; more could not be distinguished.
const MAX_CURVES: usize = 8;

/// The page.
pub(crate) fn render(report: &Report, origin: &Origin) -> Result<String, CliError> {
    let mut page = String::new();
    for shown in FIELD_LIMITS {
        page = render_with(report, origin, shown)?;
        if page.len() <= MAX_PAGE_BYTES {
            break;
        }
    }
    Ok(page)
}

fn render_with(report: &Report, origin: &Origin, shown: usize) -> Result<String, CliError> {
    let curves = report.latency.curves.iter().take(MAX_CURVES);
    let series = curves.map(|curve| (text::cut(&curve.operation, 60), curve.points.as_slice())).collect();
    let data =
        Data { traffic: &report.traffic.slots, latency: Curves { scale: &report.latency.scale, series } };
    let data = escape::json(&data).map_err(CliError::json)?;
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    let page = Page {
        policy: &policy,
        style: STYLE,
        script: SCRIPT,
        data: &data,
        head: head::head(report, origin, shown),
        findings: findings::findings(report, shown),
        sections: figures::sections(report, shown),
        limits: LIMITS,
    };
    page.render().map_err(|error| CliError::Format(error.to_string()))
}

/// The hash source expression that allows exactly this text in the content security policy.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

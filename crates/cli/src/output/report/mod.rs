//! The report as a self-contained HTML page: it needs no network and no other file.
//!
//! The logs it describes may be hostile. All text goes through [`escape`], and the page's content security policy allows
//! only the embedded script and style, by their hashes, and no loading of anything.

pub(crate) mod escape;
mod figures;
mod findings;
mod head;
mod limits;
mod mark;
mod story;
pub(crate) mod summary;
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
use self::story::Story;
use crate::error::CliError;
use crate::output::Clock;

const STYLE: &str = concat!(
    include_str!("../../../assets/report/uPlot.min.css"),
    include_str!("../../../assets/report/page.css"),
    include_str!("../../../assets/report/story.css"),
    include_str!("../../../assets/report/print.css")
);
const SCRIPT: &str = concat!(
    "/*!\n",
    include_str!("../../../assets/report/uPlot.LICENSE"),
    "*/\n",
    include_str!("../../../assets/report/uPlot.iife.min.js"),
    "\n(() => {\n\"use strict\";\n",
    include_str!("../../../assets/report/script/base.js"),
    include_str!("../../../assets/report/script/tables.js"),
    include_str!("../../../assets/report/script/mark.js"),
    include_str!("../../../assets/report/script/nav.js"),
    include_str!("../../../assets/report/script/charts.js"),
    include_str!("../../../assets/report/script/print.js"),
    "})();\n"
);

/// Maximum bytes of a page. Log text is shortened step by step until the page fits.
const MAX_PAGE_BYTES: usize = 3_000_000;
/// Maximum characters of a field, for each attempt to fit the page.
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
    /// The examiner's text, in the Markdown of [`summary`]; empty if there is none.
    pub(crate) summary: String,
    /// The examiner's name.
    pub(crate) examiner: Option<String>,
    /// Further entries of the case file: label and text.
    pub(crate) case: Vec<(&'static str, String)>,
    /// For local times beside UTC.
    pub(crate) clock: Clock,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    policy: &'a str,
    style: &'a str,
    script: &'static str,
    data: &'a str,
    head: Head,
    /// The examiner's text, as HTML.
    summary: &'a str,
    story: Story,
    findings: Findings,
    sections: Vec<Section>,
    limits: &'static [&'static str],
}

/// Data of the charts.
#[derive(Serialize)]
struct Data<'a> {
    traffic: &'a saltmine_query::report::Slots,
    ticks: Vec<Tick>,
    latency: Curves<'a>,
}

/// An incident or actor on the time axis.
#[derive(Serialize)]
struct Tick {
    number: usize,
    severity: &'static str,
    text: String,
    /// Seconds since 1970.
    from: i64,
    to: i64,
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
    let data = Data {
        traffic: &report.traffic.slots,
        ticks: story::ticks(report),
        latency: Curves { scale: &report.latency.scale, series },
    };
    let data = escape::json(&data).map_err(CliError::json)?;
    let style = format!("{STYLE}{}", margins(origin, report));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(&style)
    );
    let summary = if origin.summary.trim().is_empty() {
        String::new()
    } else {
        summary::html(&origin.summary).map_err(wrong)?
    };
    let page = Page {
        policy: &policy,
        style: &style,
        script: SCRIPT,
        data: &data,
        head: head::head(report, origin, shown),
        summary: &summary,
        story: story::story(report, &origin.clock, shown)?,
        findings: findings::findings(report, shown),
        sections: figures::sections(report, shown),
        limits: LIMITS,
    };
    page.render().map_err(wrong)
}

fn wrong(error: askama::Error) -> CliError {
    CliError::Format(error.to_string())
}

/// Maximum characters of the title in the footer.
const TITLE: usize = 60;

/// The footer of printed pages: title, fingerprint of the sources, page number.
fn margins(origin: &Origin, report: &Report) -> String {
    let digest = report.sources.digest.as_deref();
    let print =
        digest.map_or_else(String::new, |digest| format!(" · SHA-256 {}", &digest[..digest.len().min(16)]));
    let left = quoted(&format!("{}{print}", text::cut(&origin.title, TITLE)));
    let font = "font:8pt sans-serif;color:#57606a";
    format!(
        "@page{{@bottom-left{{content:{left};{font}}}@bottom-right{{content:\"Page \" counter(page) \" of \" counter(pages);{font}}}}}\n"
    )
}

/// A CSS string. All but letters, digits and spaces are escaped by number, so that nothing ends the string or the style.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => quoted.push(character),
            character => quoted += &format!("\\{:06x}", u32::from(character)),
        }
    }
    quoted + "\""
}

/// The hash source expression that allows exactly this text in the content security policy.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn text_cannot_end_a_css_string() {
        assert_eq!(quoted("Case 7"), "\"Case 7\"");
        assert_eq!(quoted("\"}</style>\\"), "\"\\000022\\00007d\\00003c\\00002fstyle\\00003e\\00005c\"");
    }
}

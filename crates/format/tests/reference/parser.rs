//! A second reading of the format, slow and plain: text is split and compared, nothing is clever. It shares no code
//! with the crate but the list of fields and the words for anomalies.

use saltmine_format::{Anomalies, Field};

use crate::common::Row;

/// What a line is by the reference.
#[derive(Debug)]
pub(crate) enum Reading {
    /// The head or the time cannot be read.
    Reject,
    /// The line adds up: this is what it says.
    Row(Box<Row>),
    /// The head reads well, the rest does not add up. The row has what is certain: the head, and the request-URI
    /// and the outcome where they are.
    Broken(Box<Row>),
}

/// Reads a line. Bytes are taken for Latin-1 characters, one each, so that text methods can be used on any bytes.
pub(crate) fn read(line: &[u8]) -> Reading {
    let text: String = line.iter().map(|byte| char::from(*byte)).collect();
    let trimmed = text.trim_end_matches(' ');
    let mut row = Row {
        values: [const { None }; Field::COUNT],
        extra: None,
        anomalies: Anomalies::NONE,
        request_time: 0,
    };
    let Some((is_plain, body)) = head(trimmed, &mut row) else { return Reading::Reject };
    row.anomalies.insert_if(Anomalies::SPACES, !is_plain || trimmed.len() < text.len());
    match rest_of_line(body, &mut row) {
        Some(()) => Reading::Row(Box::new(row)),
        None => {
            if row.get(Field::RequestUri).is_none() {
                certain_uri(body, &mut row);
            }
            Reading::Broken(Box::new(row))
        }
    }
}

fn set(row: &mut Row, field: Field, value: &str) {
    row.values[field.index()] = (value != "-").then(|| bytes(value));
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

/// Sets a quoted field.
fn set_quoted(row: &mut Row, field: Field, value: &str) {
    set(row, field, value);
    row.anomalies.insert_if(Anomalies::EMBEDDED_QUOTE, value.contains('"'));
}

/// The first eight fields by one space, then by one space with fields blanked out, then by any spaces.
fn head<'a>(text: &'a str, row: &mut Row) -> Option<(bool, &'a str)> {
    if let Some(body) = head_by(text, false, false, row) {
        return Some((true, body));
    }
    head_by(text, true, false, row).or_else(|| head_by(text, false, true, row)).map(|body| (false, body))
}

fn head_by<'a>(text: &'a str, blanks: bool, runs: bool, row: &mut Row) -> Option<&'a str> {
    let mut rest = text;
    row.values = [const { None }; Field::COUNT];
    for field in &Field::ALL[..8] {
        if *field != Field::BucketOwner {
            rest = rest.strip_prefix(' ')?;
            if runs {
                rest = rest.trim_start_matches(' ');
            }
        }
        if blanks && rest.starts_with(' ') {
            continue;
        }
        let mut value = rest.split(' ').next().unwrap();
        match field {
            Field::RequestTime => {
                value = rest.split_once(']')?.0;
                row.request_time = time(value.strip_prefix('[')?)?;
                set(row, *field, &value[1..]);
                rest = &rest[value.len() + 1..];
                continue;
            }
            Field::Requester if value.ends_with(":user/CloudFront") => {
                let words: Vec<&str> = rest.split(' ').take(5).collect();
                if words.len() == 5 && words[1..4] == ["Origin", "Access", "Identity"] && !words[4].is_empty()
                {
                    value = &rest[..words.join(" ").len()];
                }
            }
            Field::Operation if !is_operation(value) => return None,
            Field::Key if value.starts_with('"') => return None,
            _ => {}
        }
        if value.is_empty() {
            return None;
        }
        set(row, *field, value);
        rest = &rest[value.len()..];
    }
    let has = |field: Field| row.get(field).is_some();
    (has(Field::RequestTime) && has(Field::Operation)).then_some(rest)
}

fn is_operation(text: &str) -> bool {
    let Some((family, more)) = text.split_once('.') else { return false };
    family.len() >= 2
        && family.starts_with(|c: char| c.is_ascii_uppercase())
        && family.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && !more.is_empty()
}

/// `06/Feb/2019:00:00:38 +0000`, counting days one year and one month after the other.
fn time(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (date, zone) = text.split_once(' ')?;
    let parts: Vec<&str> = date.split([':', '/']).collect();
    let separators: Vec<char> = date.chars().filter(|c| matches!(c, ':' | '/')).collect();
    let [day, month, year, hour, minute, second] = parts[..] else { return None };
    if separators != ['/', '/', ':', ':', ':'] || year.len() != 4 || zone.len() != 5 {
        return None;
    }
    let number = |text: &str, len: usize, range: std::ops::RangeInclusive<i64>| -> Option<i64> {
        let is_number = text.len() == len && text.chars().all(|c| c.is_ascii_digit());
        is_number.then(|| text.parse().unwrap()).filter(|number| range.contains(number))
    };
    let (day, year) = (number(day, 2, 1..=31)?, number(year, 4, 0..=9999)?);
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (hour, minute, second) =
        (number(hour, 2, 0..=23)?, number(minute, 2, 0..=59)?, number(second, 2, 0..=60)?);
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days_of = |year: i64| [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if day > days_of(year)[month] {
        return None;
    }
    let of_years = |from: i64, to: i64| (from..to).map(|year| 365 + i64::from(is_leap(year))).sum::<i64>();
    let days =
        of_years(1970, year) - of_years(year, 1970) + days_of(year)[..month].iter().sum::<i64>() + day - 1;
    let sign = match zone.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let offset = number(&zone[1..].chars().take(2).collect::<String>(), 2, 0..=23)? * 3600
        + number(&zone[1..].chars().skip(2).collect::<String>(), 2, 0..=59)? * 60;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - sign * offset)
}

/// What follows the key. `None` where it does not add up.
fn rest_of_line(body: &str, row: &mut Row) -> Option<()> {
    if body.is_empty() {
        row.anomalies.insert(Anomalies::SHORT);
        return Some(());
    }
    let after_outcome = if let Some(quoted) = body.strip_prefix(" \"") {
        let candidates: Vec<(&str, Outcome<'_>)> = quoted
            .match_indices('"')
            .filter_map(|(at, _)| Some((&quoted[..at], outcome(&quoted[at + 1..])?)))
            .collect();
        let best = candidates.iter().map(|(uri, _)| rank(uri)).min()?;
        let (uri, outcome) = candidates.iter().find(|(uri, _)| rank(uri) == best)?;
        let rivals = candidates.iter().filter(|(uri, _)| rank(uri).max(1) == best.max(1)).count();
        let holds_another = best > 0
            && quoted
                .match_indices('"')
                .any(|(at, _)| quoted[at + 1..].starts_with(' ') && rank(&quoted[..at]) == 0);
        row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, rivals > 1 || holds_another);
        set_quoted(row, Field::RequestUri, uri);
        set_outcome(row, outcome);
        outcome.rest
    } else {
        let outcome = outcome(body.strip_prefix(" -")?)?;
        set_outcome(row, &outcome);
        outcome.rest
    };
    agents(after_outcome, row)
}

struct Outcome<'a> {
    values: [&'a str; 6],
    rest: &'a str,
}

/// ` status error n n n n`, before the end or before what may be a referer.
fn outcome(text: &str) -> Option<Outcome<'_>> {
    let mut rest = text;
    let mut values = [""; 6];
    for value in &mut values {
        rest = rest.strip_prefix(' ')?;
        *value = rest.split(' ').next().unwrap();
        rest = &rest[value.len()..];
    }
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_code = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let reads_well = (values[0] == "-" || (is_digits(values[0]) && values[0].len() == 3))
        && (values[1] == "-" || is_code(values[1]))
        && values[2..].iter().all(|value| *value == "-" || is_digits(value))
        && (rest.is_empty() || rest.starts_with(" \"") || rest.starts_with(" -"));
    reads_well.then_some(Outcome { values, rest })
}

fn set_outcome(row: &mut Row, outcome: &Outcome<'_>) {
    for (field, value) in Field::ALL[Field::HttpStatus.index()..].iter().zip(outcome.values) {
        if field.is_number() && value != "-" && value.parse::<i64>().is_err() {
            row.anomalies.insert(Anomalies::BAD_NUMBER);
        } else {
            set(row, *field, value);
        }
    }
}

/// 0 for a request line with no space in its target, 1 for text that ends in a version, 2 for any other.
fn rank(uri: &str) -> u8 {
    let words: Vec<&str> = uri.split(' ').collect();
    let has_version = words.len() > 1
        && words.last().and_then(|word| word.strip_prefix("HTTP/")).is_some_and(|number| {
            let digits: Vec<char> = number.chars().collect();
            matches!(digits[..], [a] if a.is_ascii_digit())
                || matches!(digits[..], [a, '.', b] if a.is_ascii_digit() && b.is_ascii_digit())
        });
    match (has_version, words.len()) {
        _ if uri == "-" => 0,
        (true, 3) => 0,
        (true, _) => 1,
        (false, _) => 2,
    }
}

/// ` referer agent tail`, or what there is of it.
fn agents(text: &str, row: &mut Row) -> Option<()> {
    let time = row.request_time;
    if text.is_empty() || text == " -" {
        row.anomalies.insert(Anomalies::SHORT);
        return Some(());
    }
    if let Some(quoted) = text.strip_prefix(" \"") {
        return quoted_referer(quoted, row);
    }
    let after_referer = text.strip_prefix(" -")?;
    if let Some(quoted) = after_referer.strip_prefix(" \"") {
        let (agent, after, ambiguous) = close(quoted, time, |after| tail(after, time))?;
        set_tail(row, &tail(after, time)?);
        set_quoted(row, Field::UserAgent, agent);
        row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, ambiguous);
    } else {
        set_tail(row, &tail(after_referer.strip_prefix(" -")?, time)?);
    }
    Some(())
}

fn quoted_referer(quoted: &str, row: &mut Row) -> Option<()> {
    let time = row.request_time;
    let bare = |after: &str| after.strip_prefix(" -").and_then(|after| tail(after, time));
    let (text, after, ambiguous) = close(quoted, time, |after| tail(after, time).or_else(|| bare(after)))?;
    match (text.split_once("\" \""), tail(after, time)) {
        (Some((referer, agent)), Some(found)) => {
            set_quoted(row, Field::Referer, referer);
            set_quoted(row, Field::UserAgent, agent);
            let other = &text[referer.len() + 1..];
            row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, other.contains("\" \""));
            set_tail(row, &found);
        }
        (parting, _) => {
            let found = bare(after)?;
            let has_host_id = found.values.get(1).is_some_and(|value| is_host_id(value));
            if parting.is_some() && !has_host_id {
                return None;
            }
            set_quoted(row, Field::Referer, text);
            set_tail(row, &found);
        }
    }
    row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, ambiguous);
    Some(())
}

/// The text before the closing quote, what follows it, and whether another quote would do.
fn close(quoted: &str, time: i64, tail: impl Fn(&str) -> Option<Tail>) -> Option<(&str, &str, bool)> {
    let parted = |at: usize| (&quoted[..at], &quoted[at + 1..]);
    let last = quoted.rfind('"')?;
    let (text, after) = parted(last);
    let count = if after.is_empty() { Some(0) } else { tail(after).map(|tail| tail.values.len()) };
    if count.is_some_and(|count| count >= 6 || time < START_OF_2020) {
        return Some((text, after, false));
    }
    let others: Vec<usize> = quoted
        .match_indices('"')
        .map(|(at, _)| at)
        .filter(|at| *at < last && quoted[at + 1..].starts_with(' '))
        .filter(|at| tail(&quoted[at + 1..]).is_some_and(|tail| tail.values.len() >= 6))
        .collect();
    match others.last() {
        Some(at) => Some((parted(*at).0, parted(*at).1, others.len() > 1)),
        None => count.map(|_| (text, after, false)),
    }
}

const START_OF_2020: i64 = 1_577_836_800;

struct Tail {
    values: Vec<String>,
    extra: Option<String>,
}

fn tail(text: &str, time: i64) -> Option<Tail> {
    let mut words = text.split(' ');
    if words.next() != Some("") {
        return None;
    }
    let words: Vec<&str> = words.collect();
    let known = &words[..words.len().min(10)];
    if known.iter().any(|word| word.is_empty()) && !text.is_empty() {
        return None;
    }
    let fitting = known.iter().enumerate().take_while(|(index, word)| fits(*index, word)).count();
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if text.is_empty() {
        return Some(Tail { values: Vec::new(), extra: None });
    }
    if fitting == known.len() || fitting >= 7 {
        let extra = (words.len() > fitting).then(|| words[fitting..].join(" "));
        let has_an_age = matches!(fitting, 1 | 6..);
        return has_an_age.then_some(Tail { values: owned(&known[..fitting]), extra });
    }
    // March 2019: an extra token before the host id.
    if time < START_OF_2020 && matches!(words.len(), 7 | 8) && is_host_id(words[2]) && !is_host_id(words[1]) {
        let mut values = owned(&words);
        let extra = values.remove(1);
        let fits = values.iter().enumerate().all(|(index, word)| fits(index, word));
        return fits.then_some(Tail { values, extra: Some(extra) });
    }
    None
}

/// Whether a word may be the tail's field at this index, 0 being the version id.
fn fits(index: usize, word: &str) -> bool {
    let all = |ok: fn(char) -> bool| word.chars().all(ok);
    let upper = word.to_ascii_uppercase();
    let looks_right = match index {
        _ if word == "-" => true,
        2 => word.starts_with("Sig"),
        4 | 8 => all(|c| c.is_ascii_alphabetic()),
        6 => upper.starts_with("TLS") || upper.starts_with("SSL"),
        7 => word.starts_with("arn:"),
        9 => all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
        _ => true,
    };
    looks_right && (index == 5 || !word.contains('"'))
}

fn is_host_id(word: &str) -> bool {
    word.len() >= 50 && word.chars().all(|c| c.is_ascii_alphanumeric() || "+/=-_".contains(c))
}

fn set_tail(row: &mut Row, tail: &Tail) {
    for (field, value) in Field::ALL[Field::VersionId.index()..].iter().zip(&tail.values) {
        set(row, *field, value);
        row.anomalies
            .insert_if(Anomalies::EMBEDDED_QUOTE, *field == Field::HostHeader && value.contains('"'));
    }
    row.extra = tail.extra.as_deref().map(bytes);
    row.anomalies.insert_if(Anomalies::EXTRA_FIELDS, tail.extra.is_some());
}

/// The request-URI of a broken line, where there is a whole request line in quotes.
fn certain_uri(body: &str, row: &mut Row) {
    let Some(quoted) = body.strip_prefix(" \"") else { return };
    let ends = quoted.match_indices('"').map(|(at, _)| at);
    let uri = ends
        .filter(|at| quoted[at + 1..].is_empty() || quoted[at + 1..].starts_with(' '))
        .map(|at| &quoted[..at])
        .find(|uri| rank(uri) == 0);
    if let Some(uri) = uri {
        set(row, Field::RequestUri, uri);
    }
}

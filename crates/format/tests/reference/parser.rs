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
    let Some((is_plain, key)) = head(trimmed, &mut row) else { return Reading::Reject };
    row.anomalies.insert_if(Anomalies::SPACES, !is_plain || trimmed.len() < text.len());
    if key.starts_with('"') {
        row.values[Field::Key.index()] = None;
        row.anomalies.insert(Anomalies::MISALIGNED);
        return Reading::Broken(Box::new(row));
    }
    match rest_of_line(key, &mut row) {
        Some(()) => {
            let is_cut = trimmed.len() < text.len()
                && (ends_in(trimmed, Field::VersionId, &row)
                    || ends_in(trimmed, Field::HostHeader, &row)
                    || may_end_in_dash(trimmed, &row));
            row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, is_cut);
            Reading::Row(Box::new(row))
        }
        None => {
            // Which of two outcomes is the real one nothing tells.
            let is_doubtful = row.anomalies.contains(Anomalies::AMBIGUOUS_QUOTES);
            if is_doubtful {
                for value in &mut row.values[Field::RequestUri.index()..Field::Referer.index()] {
                    *value = None;
                }
            } else if row.get(Field::RequestUri).is_none() {
                certain_uri(key, &mut row);
            }
            Reading::Broken(Box::new(row))
        }
    }
}

/// Whether the last field may be a version id or a host header that is null.
fn may_end_in_dash(line: &str, row: &Row) -> bool {
    let is_last = row.values[Field::TlsVersion.index()..].iter().all(Option::is_none) && row.extra.is_none();
    is_last && line.ends_with(['-', '"']) && row.request_time < START_OF_2020
}

/// Whether a field is the last of the line.
fn ends_in(line: &str, field: Field, row: &Row) -> bool {
    let extra: Option<String> =
        row.extra.as_ref().map(|extra| extra.iter().map(|b| char::from(*b)).collect());
    let is_last = row.values[field.index() + 1..].iter().all(Option::is_none)
        && !extra.is_some_and(|extra| line.ends_with(&extra));
    let text: Option<String> = row.get(field).map(|value| value.iter().map(|b| char::from(*b)).collect());
    is_last && text.is_some_and(|text| line.ends_with(&format!(" {text}")))
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
            Field::Key => {
                if value.is_empty() {
                    return None;
                }
                set(row, *field, value);
                break;
            }
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
            Field::Operation if !is_operation(value) => {
                let words: Vec<&str> = rest.splitn(4, ' ').collect();
                let is_unknown = value == "-" && words.len() > 2 && words[2].starts_with('"');
                if !is_unknown || words[1].is_empty() {
                    return None;
                }
            }
            _ => {}
        }
        if value.is_empty() {
            return None;
        }
        set(row, *field, value);
        rest = &rest[value.len()..];
    }
    let has = |field: Field| row.get(field).is_some();
    let is_whole = has(Field::RequestTime) && (has(Field::Operation) || !(blanks || runs));
    is_whole.then_some(rest)
}

fn is_operation(text: &str) -> bool {
    let Some((family, more)) = text.split_once('.') else { return false };
    family.len() >= 2
        && family.starts_with(|c: char| c.is_ascii_uppercase())
        && family.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
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
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - sign * offset;
    (1_136_073_600..4_102_444_800).contains(&seconds).then_some(seconds)
}

/// Key, request-URI and outcome, then the rest. `None` where it does not add up.
fn rest_of_line(text: &str, row: &mut Row) -> Option<()> {
    let word = text.split(' ').next().unwrap();
    let body = &text[word.len()..];
    if body.is_empty() {
        row.anomalies.insert(Anomalies::SHORT);
        return Some(());
    }
    let closes = closes(body);
    let bare = body.strip_prefix(" -").and_then(outcome);
    let followed: Vec<bool> = closes
        .iter()
        .map(|close| close.outcome.values[0] != "-" && is_followed(close.outcome.rest))
        .collect();
    let found = if let Some(quoted) = body.strip_prefix(" \"") {
        let ranks: Vec<u8> = closes.iter().map(|close| rank(&body[2..close.at])).collect();
        let best = *ranks.iter().min()?;
        let chosen = ranks.iter().position(|rank| *rank == best)?;
        let rivals =
            (0..closes.len()).filter(|index| *index != chosen && (ranks[*index] < 2 || followed[*index]));
        let holds_another = best > 0
            && body
                .match_indices('"')
                .skip(1)
                .any(|(at, _)| body[at + 1..].starts_with(' ') && rank(&body[2..at]) == 0);
        let close = &closes[chosen];
        let is_opened_twice = close.opening != 2;
        let ambiguous = rivals.count() > 0 || holds_another || is_opened_twice;
        if is_opened_twice && rank(close.uri(body)) == 0 && !begins_with_method(quoted) {
            close.found(text, word)
        } else {
            Found { key: word, uri: &body[2..close.at], outcome: &close.outcome, ambiguous }
        }
    } else if let Some(bare) = &bare {
        let rivals: Vec<&Close<'_>> =
            closes.iter().zip(&followed).filter(|(_, followed)| **followed).map(|(close, _)| close).collect();
        let is_request = |close: &&&Close<'_>| close.uri(body) != "-" && rank(close.uri(body)) == 0;
        match rivals.iter().find(is_request) {
            Some(close) => close.found(text, word),
            None => Found { key: word, uri: "-", outcome: bare, ambiguous: !rivals.is_empty() },
        }
    } else {
        let is_method = |close: &&Close<'_>| begins_with_method(close.uri(body));
        let by_rank = closes.iter().find(|close| rank(close.uri(body)) == 0);
        by_rank.or_else(|| closes.iter().find(is_method))?.found(text, word)
    };
    if !found.key.is_empty() {
        set(row, Field::Key, found.key);
    }
    row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, found.ambiguous);
    set_quoted(row, Field::RequestUri, found.uri);
    set_outcome(row, found.outcome);
    agents(found.outcome.rest, row)
}

/// `GET /`
fn begins_with_method(text: &str) -> bool {
    let method = text.split_once(" /").map_or("", |(method, _)| method);
    (1..=16).contains(&method.len()) && method.chars().all(|c| c.is_ascii_uppercase())
}

/// What stands before the referer.
struct Found<'a> {
    key: &'a str,
    uri: &'a str,
    outcome: &'a Outcome<'a>,
    ambiguous: bool,
}

/// A quote behind which there is an outcome, and where the last quote behind a space before it opens.
struct Close<'a> {
    opening: usize,
    at: usize,
    outcome: Outcome<'a>,
}

impl<'a> Close<'a> {
    fn uri(&self, body: &'a str) -> &'a str {
        &body[self.opening..self.at]
    }

    /// As the end of a request-URI behind a key of several words.
    fn found<'b>(&'b self, text: &'b str, word: &str) -> Found<'b> {
        let body = &text[word.len()..];
        let key = &text[..word.len() + self.opening - 2];
        Found { key, uri: &body[self.opening..self.at], outcome: &self.outcome, ambiguous: true }
    }
}

fn closes(body: &str) -> Vec<Close<'_>> {
    let quotes: Vec<usize> = body.match_indices('"').map(|(at, _)| at).collect();
    let opens = |at: usize| body[..at].ends_with(' ');
    let close = |(index, at): (usize, &usize)| {
        let opening = quotes[..index].iter().rev().find(|quote| opens(**quote))? + 1;
        Some(Close { opening, at: *at, outcome: outcome(&body[at + 1..])? })
    };
    quotes.iter().enumerate().filter_map(close).collect()
}

/// Whether referer, agent and tail can follow.
fn is_followed(rest: &str) -> bool {
    if let Some(quoted) = rest.strip_prefix(" \"").or_else(|| rest.strip_prefix(" - \"")) {
        return quoted.contains('"');
    }
    rest.strip_prefix(" - -").is_some_and(begins_as_tail)
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
        let (agent, after, ambiguous) = close(quoted, time, false)?;
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
    let (text, after, mut ambiguous) = close(quoted, time, true)?;
    let parting = text.split_once("\" \"");
    let quoted_agent = parting.and_then(|_| tail(after, time));
    let bare_agent = bare(after).filter(|tail| parting.is_none() || tail.has_host_id());
    let mut is_bare = quoted_agent.is_none();
    if let (Some(quoted), Some(bare)) = (&quoted_agent, &bare_agent) {
        ambiguous |= quoted.ambiguous;
        is_bare = quoted.ambiguous && !bare.ambiguous;
    }
    if is_bare {
        let found = bare_agent?;
        set_quoted(row, Field::Referer, text);
        set_tail(row, &found);
    } else {
        let (referer, agent) = parting?;
        set_quoted(row, Field::Referer, referer);
        set_quoted(row, Field::UserAgent, agent);
        row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, text[referer.len() + 1..].contains("\" \""));
        set_tail(row, &quoted_agent?);
    }
    row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, ambiguous);
    Some(())
}

/// The text before the closing quote, what follows it, and whether another quote would do.
fn close(quoted: &str, time: i64, may_be_bare: bool) -> Option<(&str, &str, bool)> {
    let parted = |at: usize, ambiguous: bool| (&quoted[..at], &quoted[at + 1..], ambiguous);
    let last = quoted.rfind('"')?;
    let after = &quoted[last + 1..];
    let bare = after.strip_prefix(" -").filter(|_| may_be_bare).and_then(|after| tail(after, time));
    let found = if after.is_empty() { None } else { tail(after, time).or(bare) };
    let inner: Vec<usize> = quoted[..last]
        .match_indices('"')
        .map(|(at, _)| at)
        .filter(|at| quoted[at + 1..].starts_with(' '))
        .rev()
        .collect();
    let parting = quoted.find("\" \"").map(|at| at + 3);
    let reads = |at: &usize, is_tail: &dyn Fn(&str) -> bool| {
        let after = &quoted[at + 1..];
        let is_parted = !may_be_bare || parting.is_some_and(|from| from <= *at);
        let bare = after.strip_prefix(" -").filter(|_| may_be_bare);
        (is_parted && is_tail(after)) || bare.is_some_and(is_tail)
    };
    let begins = |at: &usize| time >= FEBRUARY_2019 && reads(at, &begins_as_tail);
    let rivals: Vec<usize> = inner.iter().copied().filter(begins).collect();
    let has_more = |end: usize| quoted[..end].matches('"').count() > if may_be_bare { 2 } else { 0 };
    let is_hidden = |end: usize| {
        let words: Vec<&str> = quoted[..end].split(' ').collect();
        time >= FEBRUARY_2019 && has_more(end) && (0..words.len()).any(|at| is_core(&words[at..]))
    };
    let is_long = |tail: &Tail| tail.values.len() >= 6;
    if let Some(found) = found.as_ref().filter(|tail| is_long(tail)) {
        let is_shifted = is_host_id(&found.values[0]) && !found.has_host_id() && has_more(last);
        return Some(match rivals.first() {
            Some(rival) if !found.has_host_id() => parted(*rival, true),
            rival => parted(last, rival.is_some() || is_shifted || is_hidden(last)),
        });
    }
    let is_short = after.is_empty() || found.is_some();
    if is_short && time < MAY_2019 {
        return Some(parted(last, is_hidden(last) || !rivals.is_empty()));
    }
    let has_host = |after: &str| plain(after, time).is_some_and(|tail| is_long(&tail));
    let is_whole = |at: &usize| rivals.contains(at) || reads(at, &has_host);
    let whole: Vec<usize> = inner.into_iter().filter(is_whole).collect();
    match whole.first() {
        Some(at) => {
            Some(parted(*at, whole.len() > 1 || (is_short && time < START_OF_2020) || is_hidden(*at)))
        }
        None => is_short.then(|| parted(last, time < JUNE_2021 && has_more(last))),
    }
}

const FEBRUARY_2019: i64 = 1_548_979_200;
const MAY_2019: i64 = 1_556_668_800;
const START_OF_2020: i64 = 1_577_836_800;
const JUNE_2021: i64 = 1_622_505_600;

struct Tail {
    values: Vec<String>,
    extra: Option<String>,
    ambiguous: bool,
    /// Whether `extra` is the token of March 2019.
    has_token: bool,
}

impl Tail {
    fn has_host_id(&self) -> bool {
        self.values.get(1).is_some_and(|value| is_host_id(value))
    }
}

/// One word a field.
fn plain(text: &str, time: i64) -> Option<Tail> {
    if text.is_empty() {
        return Some(Tail { values: Vec::new(), extra: None, ambiguous: false, has_token: false });
    }
    let words: Vec<&str> = text.strip_prefix(' ')?.split(' ').collect();
    let known = &words[..words.len().min(10)];
    if known.iter().any(|word| word.is_empty()) {
        return None;
    }
    let fitting = known.iter().enumerate().take_while(|(index, word)| fits(*index, word)).count();
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if fitting == known.len() || fitting >= 7 {
        let extra = (words.len() > fitting).then(|| words[fitting..].join(" "));
        let has_an_age = matches!(fitting, 1 | 6..);
        return has_an_age.then_some(Tail {
            values: owned(&known[..fitting]),
            extra,
            ambiguous: false,
            has_token: false,
        });
    }
    // March 2019: an extra token before the host id.
    if time < START_OF_2020 && matches!(words.len(), 7 | 8) && is_host_id(words[2]) && is_token(words[1]) {
        let mut values = owned(&words);
        let extra = values.remove(1);
        let fits = values.iter().enumerate().all(|(index, word)| fits(index, word));
        return fits.then_some(Tail {
            values,
            extra: Some(extra),
            ambiguous: time >= MAY_2019,
            has_token: true,
        });
    }
    None
}

fn is_token(word: &str) -> bool {
    let is_id = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    word == "-" || (word.len() >= 8 && word.starts_with('A') && is_id)
}

/// The tail, by one word a field or otherwise.
fn tail(text: &str, time: i64) -> Option<Tail> {
    let plain = plain(text, time);
    if plain.as_ref().is_some_and(|tail| tail.values.len() < 6) {
        return plain;
    }
    let words: Vec<&str> = text.strip_prefix(' ')?.split(' ').collect();
    let has_runs = words.iter().any(|word| word.is_empty());
    let ways = if has_runs { Vec::new() } else { others(&words, time) };
    let (dashes, others): (Vec<Other>, Vec<Other>) = ways.into_iter().partition(|other| other.ends_in_dashes);
    let best = others.first().or_else(|| dashes.first().filter(|_| plain.is_none()));
    let Some(plain) = plain else { return best.map(|other| other.tail(&words)) };
    let best = best.filter(|_| !plain.has_token);
    let most =
        1 + [1_622_505_600, 1_667_260_800, 1_767_225_600].iter().filter(|since| **since <= time).count();
    let Some(best) = best else {
        let is_too_long = !dashes.is_empty() && words[5] != "-" && plain.values.len() > 6 + most;
        let is_odd = has_runs && plain.extra.is_some();
        let has_another_core =
            !has_runs && !plain.has_token && (2..words.len()).any(|at| is_core(&words[at..]));
        let ambiguous = plain.ambiguous || time < FEBRUARY_2019 || is_too_long || is_odd || has_another_core;
        return Some(Tail { ambiguous, ..plain });
    };
    let is_left_over = plain.extra.is_some();
    let is_proven = best.host_id > 1 && (is_left_over || !plain.has_host_id());
    if is_proven || (is_left_over && plain.values.len() < 10) {
        Some(best.tail(&words))
    } else {
        Some(Tail { ambiguous: true, ..plain })
    }
}

/// A way to read words as a tail with spaces in version id or host header.
struct Other {
    host_id: usize,
    end: usize,
    ends_in_dashes: bool,
}

impl Other {
    fn tail(&self, words: &[&str]) -> Tail {
        let mut values = vec![words[..self.host_id].join(" ")];
        values.extend(words[self.host_id..self.host_id + 4].iter().map(|word| (*word).to_owned()));
        values.push(words[self.host_id + 4..self.end].join(" "));
        values.extend(words[self.end..].iter().map(|word| (*word).to_owned()));
        Tail { values, extra: None, ambiguous: true, has_token: false }
    }
}

fn others(words: &[&str], time: i64) -> Vec<Other> {
    let mut found = Vec::new();
    if time < FEBRUARY_2019 {
        return found;
    }
    let least = [START_OF_2020, 1_667_260_800, 1_767_225_600].iter().filter(|begin| time >= **begin).count();
    for host_id in 1..words.len() {
        for after_host in (least..=4_usize).rev() {
            let Some(end) = words.len().checked_sub(after_host).filter(|end| *end > host_id + 4) else {
                continue;
            };
            let (cipher, host) = (words[host_id + 2], &words[host_id + 4..end]);
            let is_quote_free =
                words[..host_id + 4].iter().chain(&words[end..]).all(|word| !word.contains('"'));
            let fits_core = (host_id == 1 || is_host_id(words[host_id]))
                && (1..4).all(|index| fits(index + 1, words[host_id + index]));
            let is_aws = |(index, word): (usize, &&str)| {
                *word == "-"
                    || match index {
                        0 | 1 => fits(6 + index, word),
                        2 => *word == "Yes",
                        _ => is_region(word),
                    }
            };
            let is_paired = (cipher == "-") == (end == words.len() || words[end] == "-");
            let is_plain = host_id == 1 && host.len() == 1;
            if is_quote_free
                && fits_core
                && words[end..].iter().enumerate().all(is_aws)
                && is_paired
                && !is_plain
            {
                let ends_in_dashes = host_id == 1 && words[host_id + 5..].iter().all(|word| *word == "-");
                found.push(Other { host_id, end, ends_in_dashes });
            }
        }
    }
    found
}

fn is_region(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let (number, names) = parts.split_last().unwrap();
    names.len() >= 2
        && names.iter().all(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()))
        && !number.is_empty()
        && number.chars().all(|c| c.is_ascii_digit())
}

/// A host id beyond doubt, signature version, cipher suite and authentication type.
fn is_core(words: &[&str]) -> bool {
    words.len() >= 4 && is_host_id(words[0]) && (1..4).all(|index| fits(index + 1, words[index]))
}

/// Whether version id, a host id and what stands between it and the host header follow, and a host header.
fn begins_as_tail(after: &str) -> bool {
    let Some(text) = after.strip_prefix(' ') else { return false };
    let words: Vec<&str> = text.split(' ').collect();
    (1..words.len().saturating_sub(4)).any(|at| {
        let is_clean = words[..at + 4].iter().all(|word| !word.is_empty() && !word.contains('"'));
        let fits_core = (1..4).all(|index| fits(index + 1, words[at + index]));
        is_clean && is_host_id(words[at]) && fits_core
    })
}

/// Whether a word may be the tail's field at this index, 0 being the version id.
fn fits(index: usize, word: &str) -> bool {
    let all = |ok: fn(char) -> bool| word.chars().all(ok);
    let upper = word.to_ascii_uppercase();
    let looks_right = match index {
        _ if word == "-" => true,
        2 => word.starts_with("Sig") && word.chars().count() <= 16,
        3 => word.chars().count() < 50,
        4 => all(|c| c.is_ascii_alphabetic()) && word.len() <= 32,
        6 => is_tls(&upper),
        8 => all(|c| c.is_ascii_alphabetic()),
        7 => word.starts_with("arn:"),
        9 => all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
        _ => true,
    };
    looks_right && (index == 5 || !word.contains('"'))
}

fn is_tls(upper: &str) -> bool {
    let version = upper.strip_prefix("TLSV").or_else(|| upper.strip_prefix("SSLV"));
    let Some(version) = version else { return false };
    matches!(version.chars().count(), 1 | 3) && version.starts_with(|c: char| c.is_ascii_digit())
}

fn is_host_id(word: &str) -> bool {
    word.len() >= 50 && word.chars().all(|c| c.is_ascii_alphanumeric() || "+/=-_".contains(c))
}

fn set_tail(row: &mut Row, tail: &Tail) {
    row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, tail.ambiguous);
    for (field, value) in Field::ALL[Field::VersionId.index()..].iter().zip(&tail.values) {
        let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = match inner {
            Some(inner)
                if *field == Field::HostHeader
                    && !tail.has_host_id()
                    && !inner.is_empty()
                    && !inner.contains('"') =>
            {
                inner
            }
            _ => value,
        };
        set(row, *field, value);
        row.anomalies
            .insert_if(Anomalies::EMBEDDED_QUOTE, *field == Field::HostHeader && value.contains('"'));
    }
    row.extra = tail.extra.as_deref().map(bytes);
    row.anomalies.insert_if(Anomalies::EXTRA_FIELDS, tail.extra.is_some());
}

/// The request-URI of a broken line, where there is a whole request line in quotes.
fn certain_uri(body: &str, row: &mut Row) {
    let Some((_, body)) = body.split_once(' ') else { return };
    let Some(quoted) = body.strip_prefix('"') else { return };
    let ends = quoted.match_indices('"').map(|(at, _)| at);
    let uri = ends
        .filter(|at| quoted[at + 1..].is_empty() || quoted[at + 1..].starts_with(' '))
        .map(|at| &quoted[..at])
        .find(|uri| rank(uri) == 0);
    if let Some(uri) = uri {
        set(row, Field::RequestUri, uri);
    }
}

//! Referer and user agent.

use saltmine_format::{Anomalies, Field};

use super::set_quoted;
use super::tail::{
    FEBRUARY_2019, JUNE_2021, MAY_2019, START_OF_2020, Tail, begins_as_tail, is_core, is_host_id, plain,
    set_tail, tail,
};
use crate::common::Row;

/// ` referer agent tail`, or what is present of it.
pub(super) fn agents(text: &str, row: &mut Row) -> Option<()> {
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

pub(super) fn quoted_referer(quoted: &str, row: &mut Row) -> Option<()> {
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

/// The text before the closing quote, what follows it, and whether another quote would also do.
pub(super) fn close(quoted: &str, time: i64, may_be_bare: bool) -> Option<(&str, &str, bool)> {
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

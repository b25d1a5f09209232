//! The tail, and the ways to read its words.

use saltmine_format::{Anomalies, Field};

use super::{bytes, set};
use crate::common::Row;

pub(super) const FEBRUARY_2019: i64 = 1_548_979_200;
pub(super) const MAY_2019: i64 = 1_556_668_800;
pub(super) const START_OF_2020: i64 = 1_577_836_800;
pub(super) const JUNE_2021: i64 = 1_622_505_600;

pub(super) struct Tail {
    pub(super) values: Vec<String>,
    pub(super) extra: Option<String>,
    pub(super) ambiguous: bool,
    /// Whether `extra` is the token of March 2019.
    pub(super) has_token: bool,
}

impl Tail {
    pub(super) fn has_host_id(&self) -> bool {
        self.values.get(1).is_some_and(|value| is_host_id(value))
    }
}

/// One word per field.
pub(super) fn plain(text: &str, time: i64) -> Option<Tail> {
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

pub(super) fn is_token(word: &str) -> bool {
    let is_id = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    word == "-" || (word.len() >= 8 && word.starts_with('A') && is_id)
}

/// The tail, read with one word per field or otherwise.
pub(super) fn tail(text: &str, time: i64) -> Option<Tail> {
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

/// A reading of the words as a tail with spaces in version id or host header.
pub(super) struct Other {
    pub(super) host_id: usize,
    pub(super) end: usize,
    pub(super) ends_in_dashes: bool,
}

impl Other {
    pub(super) fn tail(&self, words: &[&str]) -> Tail {
        let mut values = vec![words[..self.host_id].join(" ")];
        values.extend(words[self.host_id..self.host_id + 4].iter().map(|word| (*word).to_owned()));
        values.push(words[self.host_id + 4..self.end].join(" "));
        values.extend(words[self.end..].iter().map(|word| (*word).to_owned()));
        Tail { values, extra: None, ambiguous: true, has_token: false }
    }
}

pub(super) fn others(words: &[&str], time: i64) -> Vec<Other> {
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

pub(super) fn is_region(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let (number, names) = parts.split_last().unwrap();
    names.len() >= 2
        && names.iter().all(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()))
        && !number.is_empty()
        && number.chars().all(|c| c.is_ascii_digit())
}

/// An unmistakable host id, signature version, cipher suite and authentication type.
pub(super) fn is_core(words: &[&str]) -> bool {
    words.len() >= 4 && is_host_id(words[0]) && (1..4).all(|index| fits(index + 1, words[index]))
}

/// Whether version id, host id, the fields between it and the host header, and a host header follow.
pub(super) fn begins_as_tail(after: &str) -> bool {
    let Some(text) = after.strip_prefix(' ') else { return false };
    let words: Vec<&str> = text.split(' ').collect();
    (1..words.len().saturating_sub(4)).any(|at| {
        let is_clean = words[..at + 4].iter().all(|word| !word.is_empty() && !word.contains('"'));
        let fits_core = (1..4).all(|index| fits(index + 1, words[at + index]));
        is_clean && is_host_id(words[at]) && fits_core
    })
}

/// Whether a word may be the tail field at this index; 0 is the version id.
pub(super) fn fits(index: usize, word: &str) -> bool {
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

pub(super) fn is_tls(upper: &str) -> bool {
    let version = upper.strip_prefix("TLSV").or_else(|| upper.strip_prefix("SSLV"));
    let Some(version) = version else { return false };
    matches!(version.chars().count(), 1 | 3) && version.starts_with(|c: char| c.is_ascii_digit())
}

pub(super) fn is_host_id(word: &str) -> bool {
    word.len() >= 50 && word.chars().all(|c| c.is_ascii_alphanumeric() || "+/=-_".contains(c))
}

pub(super) fn set_tail(row: &mut Row, tail: &Tail) {
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

//! The first eight fields.

use saltmine_format::Field;

use super::set;
use crate::common::Row;

/// The first eight fields: separated by one space; then by one space with fields blanked out; then by any
/// number of spaces.
pub(super) fn head<'a>(text: &'a str, row: &mut Row) -> Option<(bool, &'a str)> {
    if let Some(body) = head_by(text, false, false, row) {
        return Some((true, body));
    }
    head_by(text, true, false, row).or_else(|| head_by(text, false, true, row)).map(|body| (false, body))
}

pub(super) fn head_by<'a>(text: &'a str, blanks: bool, runs: bool, row: &mut Row) -> Option<&'a str> {
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

pub(super) fn is_operation(text: &str) -> bool {
    let Some((family, more)) = text.split_once('.') else { return false };
    family.len() >= 2
        && family.starts_with(|c: char| c.is_ascii_uppercase())
        && family.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && !more.is_empty()
}

/// `06/Feb/2019:00:00:38 +0000`, counting days year by year and month by month.
pub(super) fn time(text: &str) -> Option<i64> {
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

//! Changes to bucket settings in chronological order.

use saltmine_query::quantity::counted;
use saltmine_query::report::{Answer, Value};

use super::{Body, Figure, Sql};
use crate::output::report::table::Kind::{Code, Ip, Text, Time, Who};
use crate::output::report::table::{Cell, Spec, Table, cell, words};

const SPECS: [Spec; 7] = [
    ("", "Time (UTC)", Time, "–"),
    ("", "What", Text, "–"),
    ("", "Bucket", Code, "–"),
    ("", "Requester", Who, "(anonymous)"),
    ("", "Address", Ip, "–"),
    ("", "Result", Text, "–"),
    ("", "Line (file:line)", Code, "–"),
];

/// The part of an operation after the verb, and its common name.
const NAMES: [(&str, &str); 22] = [
    ("BUCKET", "bucket"),
    ("BUCKETPOLICY", "bucket policy"),
    ("ACL", "access control list"),
    ("PUBLIC_ACCESS_BLOCK", "public access block"),
    ("OWNERSHIP_CONTROLS", "object ownership"),
    ("CORS", "CORS rules"),
    ("WEBSITE", "website hosting"),
    ("LIFECYCLE", "lifecycle rules"),
    ("LOGGING_STATUS", "access logging"),
    ("LOGGING", "access logging"),
    ("VERSIONING", "versioning"),
    ("ENCRYPTION", "default encryption"),
    ("OBJECT_LOCK_CONFIGURATION", "object lock"),
    ("OBJECT_LOCK", "object lock"),
    ("REPLICATION", "replication rules"),
    ("NOTIFICATION", "notifications"),
    ("REQUEST_PAYMENT", "requester pays"),
    ("ACCELERATE", "transfer acceleration"),
    ("INVENTORY", "inventory"),
    ("ANALYTICS", "analytics"),
    ("METRICS", "metrics"),
    ("TAGGING", "tags"),
];

pub(super) fn figure(answer: &Answer, shown: usize) -> Figure {
    let rows: Vec<Vec<Cell>> = answer.rows.iter().map(|row| change(answer, row, shown)).collect();
    let all = answer.rows.first().map_or(0, |row| answer.integer(row, "of_all"));
    let note = format!(
        "{} to change bucket settings{}. Settings of single objects are left out. The logs do not show \
         the new value; CloudTrail does.",
        counted(all.unsigned_abs(), "request"),
        if all > rows.len() as i64 {
            format!("; only the first {} are shown", rows.len())
        } else {
            String::new()
        }
    );
    let body = Body::Table(Table::new(&SPECS, rows));
    Figure {
        id: "settings-timeline",
        title: "In chronological order",
        note,
        body,
        sql: Sql::from_answer(answer),
    }
}

fn change(answer: &Answer, row: &[Value], shown: usize) -> Vec<Cell> {
    let text = |column| answer.value(row, column).text();
    let operation = text("operation").unwrap_or_default();
    let status = answer.integer(row, "http_status");
    let result = match (status, text("error_code")) {
        (200..=399, _) => format!("done ({status})"),
        (0, _) => "no status".to_owned(),
        (_, Some(code)) => format!("refused ({status} {code})"),
        (_, None) => format!("refused ({status})"),
    };
    let place = format!("{}:{}", text("log_file").unwrap_or_default(), answer.integer(row, "log_line"));
    let class = if (200..400).contains(&status) { "text done" } else { "text refused" };
    vec![
        cell(answer.value(row, "request_time"), Time, "–", shown),
        words(Some(&setting_change(operation)), Text, "–", shown),
        words(text("bucket"), Code, "–", shown),
        words(text("requester"), Who, "(anonymous)", shown),
        words(text("remote_ip"), Ip, "–", shown),
        Cell { class, ..words(Some(&result), Text, "–", shown) },
        words(Some(&place), Code, "–", shown),
    ]
}

/// `REST.DELETE.BUCKETPOLICY` in words; the operation itself if it has no name here.
pub(in crate::output::report) fn setting_change(operation: &str) -> String {
    let mut parts = operation.splitn(3, '.').skip(1);
    let (Some(verb), Some(name)) = (parts.next(), parts.next()) else { return operation.to_owned() };
    let Some((_, words)) = NAMES.iter().find(|(known, _)| *known == name) else {
        return operation.to_owned();
    };
    let verb = match (verb, name) {
        ("PUT", "BUCKET") => "created",
        ("DELETE", "BUCKET") => "deleted",
        ("DELETE", _) => "removed",
        _ => "set",
    };
    let mut text: String =
        words.chars().take(1).flat_map(char::to_uppercase).chain(words.chars().skip(1)).collect();
    text += &format!(" {verb}");
    text
}

#[cfg(test)]
mod tests {
    use super::setting_change;

    #[test]
    fn operations_have_descriptions() {
        assert_eq!(setting_change("REST.DELETE.BUCKETPOLICY"), "Bucket policy removed");
        assert_eq!(setting_change("REST.PUT.OBJECT_LOCK_CONFIGURATION"), "Object lock set");
        assert_eq!(setting_change("REST.DELETE.BUCKET"), "Bucket deleted");
        assert_eq!(setting_change("REST.PUT.SOMETHING_NEW"), "REST.PUT.SOMETHING_NEW");
        assert_eq!(setting_change("odd"), "odd");
    }
}

//! Rewrites DataFusion's messages for people.

use datafusion::error::DataFusionError;

/// DataFusion's message without its layers of prefixes.
pub(crate) fn describe(error: &DataFusionError) -> String {
    let root = error.find_root();
    let text = match root {
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::Configuration(text) => text.clone(),
        DataFusionError::ResourcesExhausted(text) => {
            format!("not enough memory; a higher limit (--memory-limit) may help. {}", one_line(text))
        }
        DataFusionError::NotImplemented(text) => format!("not supported: {text}"),
        DataFusionError::SQL(parser, _) => parser.to_string(),
        // One of our own errors, already written for people.
        DataFusionError::External(error) => error.to_string(),
        other => other.strip_backtrace(),
    };
    // DataFusion's error categories mean nothing to users.
    let text = ["Schema error: ", "Error during planning: ", "sql parser error: "]
        .into_iter()
        .fold(text, |text, kind| text.strip_prefix(kind).map(str::to_owned).unwrap_or(text));
    brief(&text)
}

/// The words of a text, without line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Shortens the message: without the list of all columns if a suggestion is given, and without the details of
/// function resolution.
fn brief(text: &str) -> String {
    let text = match (text.find("Did you mean"), text.find("\nValid fields are ")) {
        (Some(_), Some(end)) => &text[..end],
        _ => text,
    };
    let text = match text.find("No function matches") {
        Some(start) => &text[start..],
        None => text,
    };
    let text = match text.split_once("\nValid fields are ") {
        Some((problem, fields)) => format!("{problem}\nThere are:{}", listed(fields)),
        None => text.to_owned(),
    };
    text.replace("\n\t", "\n  ").replace('\t', "")
}

/// Column names in lines that fit a terminal, without the table if it is the same for all.
fn listed(fields: &str) -> String {
    const WIDTH: usize = 90;
    let names: Vec<&str> = fields.trim_end_matches('.').split(", ").collect();
    let table = names.first().and_then(|name| name.split_once('.')).map(|(table, _)| format!("{table}."));
    let table = table.filter(|table| names.iter().all(|name| name.starts_with(table.as_str())));
    let (mut text, mut line) = (String::new(), String::new());
    for name in names {
        let name = table.as_deref().and_then(|table| name.strip_prefix(table)).unwrap_or(name);
        if !line.is_empty() && line.chars().count() + name.chars().count() > WIDTH {
            text += &format!("\n  {}", line.trim_end());
            line.clear();
        }
        line += &format!("{name}, ");
    }
    text + &format!("\n  {}", line.trim_end_matches(", "))
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn many_columns_are_in_lines_of_their_own() {
        let names: Vec<String> = (0..40).map(|number| format!("logs.column_{number}")).collect();
        let message = brief(&format!("No field named x.\nValid fields are {}.", names.join(", ")));
        assert!(
            message.lines().count() > 5 && message.lines().all(|line| line.chars().count() <= 95),
            "{message}"
        );
        assert!(message.ends_with(" column_39") && !message.contains("logs."), "{message}");
    }

    #[test]
    fn messages_are_reduced_to_the_useful_part() {
        for (text, message) in [
            (
                "No field named kee. Did you mean 'logs.key'?\nValid fields are logs.key.",
                "No field named kee. Did you mean 'logs.key'?",
            ),
            (
                "No field named x.\nValid fields are logs.key, logs.bucket.",
                "No field named x.\nThere are:\n  key, bucket",
            ),
            (
                "No field named x.\nValid fields are logs.key, other.key.",
                "No field named x.\nThere are:\n  logs.key, other.key",
            ),
            (
                "Internal error: … No function matches the types.\n\tCandidates:\n\tsum(Int64)",
                "No function matches the types.\n  Candidates:\n  sum(Int64)",
            ),
        ] {
            assert_eq!(brief(text), message);
        }
    }
}

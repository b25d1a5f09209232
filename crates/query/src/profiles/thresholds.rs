//! The thresholds of profiles: parameters with a reason, in the headers of their SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::prelude::SessionContext;

use crate::catalogue::ParameterType;
use crate::error::QueryError;

/// The name of the profiles in parameters of a hunt, as in `profile.times=8`.
pub(crate) const PROFILE: &str = "profile";

/// Values that are set in place of defaults.
#[derive(Debug, Default)]
struct Given(BTreeMap<String, String>);

/// A parameter of a profile: name, type, default.
fn parameters(sql: &str) -> impl Iterator<Item = (&str, ParameterType, &str)> {
    sql.lines().filter_map(|line| {
        let (left, _) = line.strip_prefix("-- parameter: ")?.split_once(" — ")?;
        let mut words = left.splitn(3, ' ');
        let (name, word) = words.next().zip(words.next())?;
        Some((name, ParameterType::from_word(word)?, words.next().unwrap_or_default()))
    })
}

/// A value in SQL; `None` if it is not of the type.
fn literal(kind: ParameterType, value: &str) -> Option<String> {
    kind.parse(value).ok()?;
    let is_plain = value.chars().all(|char| char.is_ascii_alphanumeric() || " .-:".contains(char));
    match kind {
        ParameterType::Integer | ParameterType::Float if is_plain => Some(value.to_owned()),
        ParameterType::Interval if is_plain => Some(format!("INTERVAL '{value}'")),
        _ => None,
    }
}

/// Sets parameters of the profiles that are built from now on.
///
/// # Errors
/// If none of the profiles has the parameter, or the value is not of its type.
pub(super) fn set(
    context: &SessionContext,
    profiles: &[&str],
    given: &[(&str, &str)],
) -> Result<(), QueryError> {
    let mut values = BTreeMap::new();
    for (name, value) in given {
        let wrong = |problem: String| QueryError::Parameter { name: format!("{PROFILE}.{name}"), problem };
        let known: Vec<_> = profiles.iter().flat_map(|sql| parameters(sql)).collect();
        let Some((_, kind, _)) = known.iter().find(|(known, ..)| known == name) else {
            let mut names: Vec<&str> = known.iter().map(|(name, ..)| *name).collect();
            names.sort_unstable();
            names.dedup();
            return Err(wrong(format!("the profiles have {}", names.join(", "))));
        };
        if literal(*kind, value).is_none() {
            return Err(wrong(format!("{value:?} is not of type {}", kind.as_str())));
        }
        values.insert((*name).to_owned(), (*value).to_owned());
    }
    if !values.is_empty() {
        context.state_ref().write().config_mut().set_extension(Arc::new(Given(values)));
    }
    Ok(())
}

/// The SQL of a profile with the values of its parameters.
pub(super) fn filled(context: &SessionContext, sql: &str) -> String {
    let given = context.state_ref().read().config().get_extension::<Given>();
    let mut filled: String =
        sql.lines().filter(|line| !line.starts_with("--")).flat_map(|line| [line, "\n"]).collect();
    for (name, kind, default) in parameters(sql) {
        let value = given.as_ref().and_then(|given| given.0.get(name)).map_or(default, String::as_str);
        if let Some(literal) = literal(kind, value) {
            filled = filled.replace(&format!("${name}"), &literal);
        }
    }
    filled
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SQL: &str = "-- A profile.\n\
                       -- parameter: least integer 10 — reason\n\
                       -- parameter: settled interval 2 days — reason\n\
                       SELECT $least, $settled\n";

    #[test]
    fn a_default_applies_until_another_value_is_set() {
        let context = SessionContext::new();
        assert_eq!(filled(&context, SQL), "SELECT 10, INTERVAL '2 days'\n");
        set(&context, &[SQL], &[("least", "25")]).unwrap();
        assert_eq!(filled(&context, SQL), "SELECT 25, INTERVAL '2 days'\n");
    }

    #[test]
    fn an_unknown_name_or_invalid_value_is_refused() {
        let context = SessionContext::new();
        for (name, value, expected) in [
            ("most", "5", "parameter profile.most: the profiles have least, settled"),
            ("least", "many", "parameter profile.least: \"many\" is not of type integer"),
            ("settled", "2 days'--", "is not of type interval"),
        ] {
            let problem = set(&context, &[SQL], &[(name, value)]).unwrap_err().to_string();
            assert!(problem.contains(expected), "{problem}");
        }
        assert_eq!(filled(&context, SQL), "SELECT 10, INTERVAL '2 days'\n");
    }
}

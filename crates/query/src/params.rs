//! Values for `$name` in SQL. They are bound, never pasted into the SQL.

use std::collections::HashMap;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::error::QueryError;

/// A value for `$name`.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// A value with a type.
    Value(ScalarValue),
    /// Text as typed by the user. It is parsed as the type that the SQL compares it with, and stays text if that is
    /// text or unknown: `079E` stays `079E` when compared with a request id, and is an error when compared with a
    /// status.
    Typed(String),
}

impl Param {
    /// The given text, if it is text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Value(value) => value.try_as_str().flatten(),
            Self::Typed(text) => Some(text),
        }
    }
}

impl From<ScalarValue> for Param {
    fn from(value: ScalarValue) -> Self {
        Self::Value(value)
    }
}

/// Values for `$name` in SQL.
pub type Params = HashMap<String, Param>;

/// Binds the values that a plan asks for.
///
/// # Errors
/// If the plan does not ask for one of them (and this is the `single` statement of the SQL), compares one with two types at once,
/// or with a type that the text does not have.
pub(crate) fn bind(plan: LogicalPlan, params: &Params, single: bool) -> Result<LogicalPlan, QueryError> {
    if params.is_empty() {
        return Ok(plan);
    }
    let wanted = wanted(&plan)?;
    let mut values = HashMap::with_capacity(params.len());
    for (name, param) in params {
        let wrong = |problem: String| QueryError::Parameter { name: name.clone(), problem };
        let value = match param {
            Param::Value(value) => value.clone(),
            Param::Typed(text) => match wanted.get(name) {
                None if single => return Err(wrong(format!("the SQL has no ${name}"))),
                None => continue,
                Some(kinds) => read(text, kinds).map_err(wrong)?,
            },
        };
        values.insert(name.clone(), value);
    }
    Ok(plan.with_param_values(values)?)
}

/// The type a parameter is compared with.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Text,
    Integer,
    Number,
    Other(DataType),
}

impl Kind {
    fn from_type(kind: &DataType) -> Self {
        match kind {
            DataType::Dictionary(_, values) => Self::from_type(values),
            kind if kind.is_string() => Self::Text,
            kind if kind.is_integer() => Self::Integer,
            kind if kind.is_numeric() => Self::Number,
            kind => Self::Other(kind.clone()),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Integer => "an integer".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Other(DataType::Boolean) => "true or false".to_owned(),
            Self::Other(DataType::Timestamp(..)) => "a time, such as 2026-03-01T12:00:00Z".to_owned(),
            Self::Other(DataType::Date32 | DataType::Date64) => "a day, such as 2026-03-01".to_owned(),
            Self::Other(DataType::Interval(_) | DataType::Duration(_)) => {
                "a span of time, such as 90 minutes".to_owned()
            }
            Self::Other(kind) => format!("a {kind}"),
        }
    }
}

/// The parameters of a plan, with the types they are compared with; empty if unknown.
fn wanted(plan: &LogicalPlan) -> Result<HashMap<String, Vec<Kind>>, DataFusionError> {
    let mut wanted: HashMap<String, Vec<Kind>> = HashMap::new();
    let mut note = |expr: &Expr, usual: Option<Kind>| {
        let Expr::Placeholder(Placeholder { id, field }) = expr else { return };
        let kinds = wanted.entry(id.trim_start_matches('$').to_owned()).or_default();
        let kind = field.as_ref().map(|field| Kind::from_type(field.data_type())).or(usual);
        kinds.extend(kind.filter(|kind| !kinds.contains(kind)));
    };
    plan.apply_with_subqueries(|plan| {
        if let LogicalPlan::Limit(limit) = plan {
            for rows in limit.skip.iter().chain(&limit.fetch) {
                note(rows, Some(Kind::Integer));
            }
        }
        plan.apply_expressions(|expr| {
            expr.apply(|expr| {
                note(expr, None);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(wanted)
}

/// Parses a text as one of the types.
fn read(text: &str, kinds: &[Kind]) -> Result<ScalarValue, String> {
    let kind = match kinds {
        [] => Kind::Text,
        [kind] => kind.clone(),
        [Kind::Integer | Kind::Number, Kind::Integer | Kind::Number] => Kind::Number,
        kinds => {
            let names: Vec<String> = kinds.iter().map(Kind::name).collect();
            return Err(format!("is compared with {}; CAST one of them", names.join(" and with ")));
        }
    };
    let wrong = || format!("{text:?} is not {}", kind.name());
    match &kind {
        Kind::Text => Ok(ScalarValue::Utf8View(Some(text.to_owned()))),
        Kind::Integer | Kind::Number => {
            if let Ok(integer) = text.parse::<i64>() {
                return Ok(ScalarValue::Int64(Some(integer)));
            }
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(|number| ScalarValue::Float64(Some(number))).ok_or_else(wrong)
        }
        Kind::Other(kind) => {
            let value = ScalarValue::Utf8(Some(text.trim().to_owned())).cast_to(kind);
            value.ok().filter(|value| !value.is_null()).ok_or_else(wrong)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::arrow::util::display::array_value_to_string;
    use datafusion::prelude::SessionContext;

    use super::*;

    async fn ask(condition: &str, text: &str) -> Result<String, String> {
        let context = SessionContext::new();
        crate::functions::register_all(&context);
        let rows = "(VALUES ('79E4567812345678', '012345678901', 200, TIMESTAMP '2026-03-01T00:00:00Z', true, 1.5), \
                    ('inf', '12345678901', 403, TIMESTAMP '2026-03-02T00:00:00Z', false, 2.5)) AS t (id, account, status, at, is_ok, share)";
        let sql = format!("SELECT count(*) FROM {rows} WHERE {condition}");
        let plan = context.state().create_logical_plan(&sql).await.map_err(|error| error.to_string())?;
        let params = HashMap::from([("x".to_owned(), Param::Typed(text.to_owned()))]);
        let plan = bind(plan, &params, true).map_err(|error| error.to_string())?;
        let frame = context.execute_logical_plan(plan).await.map_err(|error| error.to_string())?;
        let batches = frame.collect().await.map_err(|error| error.to_string())?;
        array_value_to_string(batches[0].column(0), 0).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn texts_are_read_as_what_they_are_compared_with() {
        for (condition, text, count) in [
            ("id = $x", "79E4567812345678", "1"),
            ("account = $x", "012345678901", "1"),
            ("account IN ('-', $x)", "012345678901", "1"),
            ("id = $x", "inf", "1"),
            ("id LIKE $x", "79%", "1"),
            ("id = $x", "true", "0"),
            ("status = $x", "200", "1"),
            ("status > $x", "200.5", "1"),
            ("status BETWEEN $x AND 300", "100", "1"),
            ("status = $x + 1", "199", "1"),
            ("at >= $x", "2026-03-02", "1"),
            ("at < $x", "2026-03-01T12:00:00Z", "1"),
            ("is_ok = $x", "true", "1"),
            ("share < $x", "2", "1"),
            ("status = CAST($x AS bigint)", "403", "1"),
            ("status IN (SELECT status FROM (VALUES (403)) AS u (status) WHERE status = $x)", "403", "1"),
        ] {
            assert_eq!(ask(condition, text).await.as_deref(), Ok(count), "{condition} {text}");
        }
    }

    #[tokio::test]
    async fn values_of_the_wrong_type_are_named() {
        for (condition, text, problem) in [
            ("status = $x", "79E4567812345678x", "\"79E4567812345678x\" is not an integer"),
            ("status = $x", "", "is not an integer"),
            ("is_ok = $x", "maybe", "is not true or false"),
            ("at >= $x", "yesterday", "is not a time"),
            ("status = $x AND id = $x", "1", "is compared with an integer and with text"),
            ("status = 200", "1", "the SQL has no $x"),
        ] {
            let message = ask(condition, text).await.unwrap_err();
            assert!(message.contains(problem), "{condition} {text}: {message}");
        }
    }
}

//! `+`, `-` and `*` of integers that never wrap: a result that does not fit in 64 bits is an error, while DataFusion's
//! operators wrap around.
//!
//! A chain such as `a - b - c` is a single call, `checked('--', a, b, c)`, evaluated from left to right: DataFusion
//! would take minutes to plan a long chain as a tree.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Datum, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    lit,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

/// Name in plans of the function that evaluates the operators.
const NAME: &str = "checked";
/// Prefix of the operators in `TRY`: overflow gives null.
const LENIENT: char = '?';

/// The function that evaluates the operators.
pub(super) fn checked() -> ScalarUDF {
    ScalarUDF::from(CheckedOperator { signature: Signature::user_defined(Volatility::Immutable) })
}

/// Plans the operators if both sides are integers.
#[derive(Debug)]
pub(super) struct Planner;

impl ExprPlanner for Planner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let Some(sign) = sign_of(&expr.op) else { return Ok(PlannerResult::Original(expr)) };
        if !is_integer(&expr.left, schema) || !is_integer(&expr.right, schema) {
            return Ok(PlannerResult::Original(expr));
        }
        let RawBinaryExpr { left, right, .. } = expr;
        Ok(PlannerResult::Planned(match left {
            Expr::ScalarFunction(mut call) if operators_of(&call).is_some() => {
                let signs = format!("{}{sign}", operators_of(&call).unwrap_or_default());
                call.args[0] = lit(signs);
                call.args.push(right);
                Expr::ScalarFunction(call)
            }
            left => checked().call(vec![lit(sign.to_string()), left, right]),
        }))
    }
}

fn sign_of(operator: &BinaryOperator) -> Option<char> {
    match operator {
        BinaryOperator::Plus => Some('+'),
        BinaryOperator::Minus => Some('-'),
        BinaryOperator::Multiply => Some('*'),
        _ => None,
    }
}

/// The operators of a call of [`checked`]; `None` for another function.
fn operators_of(call: &ScalarFunction) -> Option<&str> {
    match call.args.first() {
        Some(Expr::Literal(signs, _)) if call.func.name() == NAME => signs.try_as_str().flatten(),
        _ => None,
    }
}

fn is_integer(side: &Expr, schema: &DFSchema) -> bool {
    if matches!(side, Expr::ScalarFunction(call) if operators_of(call).is_some()) {
        return true;
    }
    // The type of a parameter is unknown until it has a value.
    let has_parameter = side.exists(|part| Ok(matches!(part, Expr::Placeholder(_)))).unwrap_or(true);
    !has_parameter && side.get_type(schema).is_ok_and(|kind| is_small_integer(&kind))
}

/// Whether all values of the type fit a signed 64-bit integer.
fn is_small_integer(kind: &DataType) -> bool {
    kind.is_integer() && *kind != DataType::UInt64
}

/// The same call with null in place of an overflow; `None` for another function.
pub(super) fn lenient(call: &ScalarFunction) -> Option<ScalarFunction> {
    let signs = operators_of(call)?;
    let mut call = call.clone();
    call.args[0] = lit(format!("{LENIENT}{}", signs.trim_start_matches(LENIENT)));
    Some(call)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedOperator {
    signature: Signature,
}

impl CheckedOperator {
    /// The expression as it was written.
    fn original_text(args: &[Expr], text: impl Fn(&Expr) -> String) -> Result<String> {
        let [Expr::Literal(signs, _), first, rest @ ..] = args else { return wrong_arguments() };
        let signs = signs.try_as_str().flatten().unwrap_or_default().trim_start_matches(LENIENT);
        let mut written = text(first);
        for (sign, next) in signs.chars().zip(rest) {
            written.extend([' ', sign, ' ']);
            written.push_str(&text(next));
        }
        Ok(written)
    }
}

fn wrong_arguments<T>() -> Result<T> {
    plan_err!("{NAME} takes signs, and one integer more than signs")
}

impl ScalarUDFImpl for CheckedOperator {
    fn name(&self) -> &str {
        NAME
    }

    /// Names columns as DataFusion's operators do.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Self::original_text(args, |arg| arg.schema_name().to_string())
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        Self::original_text(args, Expr::to_string)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [signs, integers @ ..] if signs.is_string() && integers.iter().all(is_small_integer) => {
                let integers = std::iter::repeat_n(DataType::Int64, integers.len());
                Ok(std::iter::once(DataType::Utf8).chain(integers).collect())
            }
            _ => wrong_arguments(),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (rows, count) = (args.number_rows, args.args.len());
        let mut args = args.args.into_iter();
        let Some(ColumnarValue::Scalar(signs)) = args.next() else { return wrong_arguments() };
        let Some(signs) = signs.try_as_str().flatten() else { return wrong_arguments() };
        let lenient = signs.starts_with(LENIENT);
        let signs = signs.trim_start_matches(LENIENT);
        let Some(mut result) = args.next().filter(|_| signs.len() + 2 == count) else {
            return wrong_arguments();
        };
        for (sign, next) in signs.chars().zip(args) {
            result = apply(sign, result, next, rows, lenient)?;
        }
        Ok(result)
    }
}

fn apply(
    sign: char,
    left: ColumnarValue,
    right: ColumnarValue,
    rows: usize,
    lenient: bool,
) -> Result<ColumnarValue> {
    let is_scalar = matches!((&left, &right), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
    let array = if lenient {
        let rows = if is_scalar { 1 } else { rows };
        leniently(sign, &integers(left, rows)?, &integers(right, rows)?)
    } else {
        let done = match (left, right) {
            (ColumnarValue::Array(left), ColumnarValue::Array(right)) => apply_checked(sign, &left, &right),
            (ColumnarValue::Array(left), ColumnarValue::Scalar(right)) => {
                apply_checked(sign, &left, &right.to_scalar()?)
            }
            (ColumnarValue::Scalar(left), ColumnarValue::Array(right)) => {
                apply_checked(sign, &left.to_scalar()?, &right)
            }
            (ColumnarValue::Scalar(left), ColumnarValue::Scalar(right)) => {
                apply_checked(sign, &left.to_array()?, &right.to_array()?)
            }
        };
        match done {
            Err(ArrowError::ArithmeticOverflow(_)) => {
                return exec_err!(
                    "the result of {sign} does not fit in 64 bits; use CAST(… AS decimal(38, 0)) for more \
                     digits; TRY(…) returns null"
                );
            }
            done => done?,
        }
    };
    if is_scalar {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
    }
    Ok(ColumnarValue::Array(array))
}

fn apply_checked(sign: char, left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
    match sign {
        '+' => numeric::add(left, right),
        '-' => numeric::sub(left, right),
        _ => numeric::mul(left, right),
    }
}

fn leniently(sign: char, left: &ArrayRef, right: &ArrayRef) -> ArrayRef {
    let (left, right) = (left.as_primitive::<Int64Type>(), right.as_primitive::<Int64Type>());
    let result = |(left, right): (Option<i64>, Option<i64>)| match sign {
        '+' => left?.checked_add(right?),
        '-' => left?.checked_sub(right?),
        _ => left?.checked_mul(right?),
    };
    Arc::new(left.iter().zip(right.iter()).map(result).collect::<Int64Array>())
}

fn integers(value: ColumnarValue, rows: usize) -> Result<ArrayRef> {
    Ok(cast(&value.into_array(rows)?, &DataType::Int64)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::arrow::util::display::array_value_to_string;
    use datafusion::prelude::SessionContext;

    async fn value(expression: &str) -> Result<(String, String), String> {
        let context = SessionContext::new();
        crate::functions::register_all(&context);
        let rows = "(VALUES (9223372036854775807, 2), (NULL, 3), (5, 4)) AS t (big, small)";
        let frame = context.sql(&format!("SELECT {expression} FROM {rows} LIMIT 1")).await;
        let frame = frame.map_err(|error| error.to_string())?;
        let batches = frame.collect().await.map_err(|error| error.to_string())?;
        let name = batches[0].schema().field(0).name().clone();
        Ok((name, array_value_to_string(batches[0].column(0), 0).map_err(|error| error.to_string())?))
    }

    #[tokio::test]
    async fn integers_do_not_wrap() {
        for expression in [
            "9223372036854775807 + 1",
            "-9223372036854775807 - 2",
            "4611686018427387904 * 2",
            "big + small",
            "1 + big",
            "big * small",
            "0 - big - small",
            "sum(big + small)",
        ] {
            let problem = value(expression).await.expect_err(expression);
            assert!(problem.contains("does not fit in 64 bits"), "{expression}: {problem}");
        }
    }

    #[tokio::test]
    async fn results_that_fit_are_unchanged() {
        for (expression, name, expected) in [
            ("1 + 2 * 3", "Int64(1) + Int64(2) * Int64(3)", "7"),
            ("big - small", "t.big - t.small", "9223372036854775805"),
            ("arrow_cast(30000, 'Int16') + arrow_cast(30000, 'Int16') AS n", "n", "60000"),
            ("TRY(big + small) AS n", "n", ""),
            ("TRY(9223372036854775807 * 2) AS n", "n", ""),
            ("TRY(small + 1) AS n", "n", "3"),
            ("NULL + small AS n", "n", ""),
            ("1.5 + small AS n", "n", "3.5"),
            ("10 - small - 3 + 1 AS n", "n", "6"),
            ("10 - (small - 3) * 2 - small * small AS n", "n", "8"),
            ("2 * 3 + 4 * 5 AS n", "n", "26"),
            ("TRY(0 - big - small) AS n", "n", ""),
            ("DATE '2026-03-01' + interval '1 day' AS n", "n", "2026-03-02"),
            ("sum(small + 1) AS n", "n", "12"),
        ] {
            let result = value(expression).await;
            assert_eq!(result, Ok((name.to_owned(), expected.to_owned())), "{expression}");
        }
    }
}

//! Functions whose result size is set by a number: the size is checked before memory is allocated, which no memory
//! limit tracks.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};
use datafusion::prelude::SessionContext;

/// Maximum bytes of text or items of a list per row.
const MAX_LENGTH: u64 = 16 << 20;
/// Maximum for the rows of one batch.
const MAX_BATCH_LENGTH: u64 = 256 << 20;

/// Upper bound of the length of a row's result.
type Length = fn(&[Column]) -> u64;

/// The functions, by their DataFusion names, and the lengths of their results.
const FUNCTIONS: [(&str, Length); 8] = [
    ("lpad", |args| at(args, 1)),
    ("rpad", |args| at(args, 1)),
    ("repeat", |args| at(args, 0).saturating_mul(at(args, 1))),
    ("replace", |args| replaced(at(args, 0), at(args, 1), at(args, 2))),
    ("regexp_replace", |args| replaced(at(args, 0), 1, at(args, 2))),
    ("array_repeat", |args| at(args, 1)),
    ("array_resize", |args| at(args, 1)),
    ("range", span),
];

/// A value of an argument: a number, the length of a text, or 0 for anything else; `None` for null.
type Column = Option<i64>;

fn at(args: &[Column], index: usize) -> u64 {
    args.get(index).copied().flatten().map_or(0, |value| u64::try_from(value).unwrap_or(0))
}

/// Upper bound: every possible match is replaced.
fn replaced(text: u64, from: u64, to: u64) -> u64 {
    text.saturating_add((text / from.max(1)).saturating_add(1).saturating_mul(to))
}

/// Number of items between two numbers.
fn span(args: &[Column]) -> u64 {
    let (first, last) = match args {
        [last] => (0, *last),
        [first, last, ..] => (first.unwrap_or(0), *last),
        [] => (0, None),
    };
    let step = args.get(2).copied().flatten().unwrap_or(1).unsigned_abs().max(1);
    last.unwrap_or(0).abs_diff(first) / step
}

/// Replaces the functions of a context with versions that check their result lengths.
pub(super) fn register(context: &SessionContext) {
    for (name, length) in FUNCTIONS {
        if let Ok(inner) = context.udf(name) {
            context.register_udf(ScalarUDF::from(LengthChecked { inner, length }));
        }
    }
    // The same function, but including its last item.
    if let Ok(inner) = context.udf("generate_series") {
        context.register_udf(ScalarUDF::from(LengthChecked { inner, length: span }));
    }
}

#[derive(Debug)]
struct LengthChecked {
    inner: Arc<ScalarUDF>,
    length: Length,
}

impl PartialEq for LengthChecked {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for LengthChecked {}

impl Hash for LengthChecked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl LengthChecked {
    fn check(&self, args: &ScalarFunctionArgs) -> Result<()> {
        let is_scalar = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let columns = args.args.iter().map(|argument| numbers(argument, rows)).collect::<Result<Vec<_>>>()?;
        let mut row: Vec<Column> = Vec::with_capacity(columns.len());
        let mut total = 0_u64;
        for index in 0..rows {
            row.clear();
            row.extend(columns.iter().map(|column| column.at(index)));
            // Null arguments give null.
            let length = if row.contains(&None) { 0 } else { (self.length)(&row) };
            total = total.saturating_add(length);
            if length > MAX_LENGTH {
                let name = self.inner.name();
                return exec_err!(
                    "{name}: the result may have {length} bytes or items; at most {MAX_LENGTH} are allowed"
                );
            }
        }
        if total > MAX_BATCH_LENGTH {
            let name = self.inner.name();
            return exec_err!(
                "{name}: the results of {rows} rows may have {total} bytes or items; at most {MAX_BATCH_LENGTH} \
                 are allowed"
            );
        }
        Ok(())
    }
}

/// The numbers of an argument, or the lengths of its texts.
enum Numbers {
    One(Column),
    Each(ArrayRef),
    Unknown,
}

impl Numbers {
    fn at(&self, row: usize) -> Column {
        match self {
            Self::One(value) => *value,
            Self::Each(values) => {
                let values = values.as_primitive::<Int64Type>();
                values.is_valid(row).then(|| values.value(row))
            }
            Self::Unknown => Some(0),
        }
    }
}

fn numbers(argument: &ColumnarValue, rows: usize) -> Result<Numbers> {
    let kind = argument.data_type();
    if kind.is_null() {
        return Ok(Numbers::One(None));
    }
    if !kind.is_integer() && !kind.is_string() {
        return Ok(Numbers::Unknown);
    }
    let (array, is_one) = match argument {
        ColumnarValue::Scalar(scalar) => (scalar.to_array()?, true),
        ColumnarValue::Array(array) => (Arc::clone(array), rows != array.len()),
    };
    let array = if kind.is_string() {
        datafusion::arrow::compute::kernels::length::length(&cast(&array, &DataType::Utf8View)?)?
    } else {
        array
    };
    let each = Numbers::Each(cast(&array, &DataType::Int64)?);
    Ok(if is_one { Numbers::One(each.at(0)) } else { each })
}

impl ScalarUDFImpl for LengthChecked {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.check(&args)?;
        self.inner.invoke_with_args(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::arrow::util::display::array_value_to_string;
    use datafusion::prelude::SessionContext;

    async fn value(expression: &str) -> Result<String, String> {
        let context = SessionContext::new();
        crate::functions::register_all(&context);
        let sql = format!("SELECT {expression} FROM (VALUES (2147483647, 'x')) AS t (n, s)");
        let frame = context.sql(&sql).await.map_err(|error| error.to_string())?;
        let batches = frame.collect().await.map_err(|error| error.to_string())?;
        array_value_to_string(batches[0].column(0), 0).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn no_number_asks_for_all_of_the_memory() {
        for expression in [
            "length(lpad('x', 2147483647, 'y'))",
            "length(lpad(s, n, 'y'))",
            "length(rpad(s, n))",
            "length(repeat('xxxxxxxxxx', 2147483647))",
            "length(repeat(s, n))",
            "length(replace(repeat('a', 1000000), 'a', repeat('b', 1000000)))",
            "length(regexp_replace(repeat('a', 1000000), 'a', repeat('b', 1000000), 'g'))",
            "cardinality(array_repeat(1, 9223372036854775807))",
            "cardinality(range(0, 9223372036854775807))",
            "cardinality(generate_series(1, 4000000000))",
        ] {
            let problem = value(expression).await.expect_err(expression);
            assert!(problem.contains("are allowed"), "{expression}: {problem}");
        }
    }

    #[tokio::test]
    async fn short_results_are_unchanged() {
        for (expression, expected) in [
            ("lpad('7', 3, '0')", "007"),
            ("lpad(s, 3)", "  x"),
            ("rpad(s, 3, 'ab')", "xab"),
            ("repeat('ab', 3)", "ababab"),
            ("repeat('ab', -3)", ""),
            ("lpad(NULL, n)", ""),
            ("replace('a-b-c', '-', '--')", "a--b--c"),
            ("regexp_replace('a-b-c', '-', '', 'g')", "abc"),
            ("array_repeat('a', 2)", "[a, a]"),
            ("range(1, 4)", "[1, 2, 3]"),
            ("generate_series(3, 1, -1)", "[3, 2, 1]"),
            ("cardinality(range(DATE '2026-01-01', DATE '2026-02-01', interval '1 day'))", "31"),
        ] {
            assert_eq!(value(expression).await.as_deref(), Ok(expected), "{expression}");
        }
    }
}

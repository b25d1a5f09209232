//! Common parts of functions of text, so that each function takes only a few lines.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Int64Builder, StringViewArray, StringViewBuilder,
    TimestampMicrosecondBuilder, UInt32Array,
};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// The implementation, for arguments that are not null. `Err` is a message for the user.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// Returns text.
    Text(for<'a> fn(&[&'a str]) -> Option<Cow<'a, str>>),
    /// Returns an integer.
    Integer(fn(&[&str]) -> Option<i64>),
    /// Returns a time, in microseconds since 1970 (UTC).
    Time(fn(&[&str]) -> Option<i64>),
    /// Returns a boolean.
    Truth(fn(&[&str]) -> Result<Option<bool>, String>),
}

/// A function of text.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextFunction {
    /// Its name in SQL.
    pub(super) name: &'static str,
    /// The names of its arguments.
    pub(super) arguments: &'static [&'static str],
    /// A description in one sentence, and an example.
    pub(super) help: (&'static str, &'static str),
    /// The value that a null argument is replaced by; `None`: a null argument gives null.
    pub(super) null_is: Option<&'static str>,
    /// The implementation.
    pub(super) body: Body,
}

impl TextFunction {
    /// As a DataFusion function.
    pub(super) fn udf(self) -> ScalarUDF {
        // Numbers and times are accepted too, and cast to text.
        let is_text = |name: &&'static str| !matches!(*name, "http_status" | "request_time" | "number");
        let signature = if self.arguments.iter().all(is_text) {
            Signature::string(self.arguments.len(), Volatility::Immutable)
        } else {
            Signature::any(self.arguments.len(), Volatility::Immutable)
        };
        let mut documentation = Documentation::builder(
            datafusion::logical_expr::DocSection {
                include: true,
                label: "S3 server access logs",
                description: None,
            },
            self.help.0,
            self.help.1,
        );
        for argument in self.arguments {
            documentation = documentation.with_argument(*argument, "Text");
        }
        ScalarUDF::from(Udf { function: self, signature, documentation: documentation.build() })
    }
}

#[derive(Debug)]
struct Udf {
    function: TextFunction,
    signature: Signature,
    documentation: Documentation,
}

impl PartialEq for Udf {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

impl Eq for Udf {}

impl Hash for Udf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for Udf {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.function.body {
            Body::Text(_) => DataType::Utf8View,
            Body::Integer(_) => DataType::Int64,
            Body::Time(_) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Body::Truth(_) => DataType::Boolean,
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let arguments = args
            .args
            .into_iter()
            .map(|argument| Ok(cast(&argument.into_array(rows)?, &DataType::Utf8View)?))
            .collect::<Result<Vec<_>>>()?;
        let array = self.function.apply(&arguments, rows)?;
        if is_scalar {
            return Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

impl TextFunction {
    /// Computes each combination of arguments once if they repeat.
    fn apply(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let columns: Vec<_> = arguments.iter().map(|argument| argument.as_string_view()).collect();
        let Some(Repeats { first_rows, numbers }) = repeats(&columns, rows) else {
            return self.each(&columns, rows);
        };
        let first_rows = UInt32Array::from(first_rows);
        let arguments: Vec<ArrayRef> =
            arguments.iter().map(|argument| take(argument, &first_rows, None)).collect::<Result<_, _>>()?;
        let columns: Vec<_> = arguments.iter().map(|argument| argument.as_string_view()).collect();
        let values = self.each(&columns, first_rows.len())?;
        Ok(take(&values, &UInt32Array::from(numbers), None)?)
    }

    fn each(&self, columns: &[&StringViewArray], rows: usize) -> Result<ArrayRef> {
        let mut row: Vec<&str> = Vec::with_capacity(columns.len());
        // Fills `row`; false if an argument is null without a replacement.
        let load = |row: &mut Vec<_>, index: usize| {
            row.clear();
            row.extend(columns.iter().filter_map(|column| {
                if column.is_valid(index) { Some(column.value(index)) } else { self.null_is }
            }));
            row.len() == columns.len()
        };
        let array: ArrayRef = match self.body {
            Body::Text(body) => {
                let mut builder = StringViewBuilder::with_capacity(rows);
                for index in 0..rows {
                    builder.append_option(if load(&mut row, index) { body(&row) } else { None });
                }
                Arc::new(builder.finish())
            }
            Body::Integer(body) => {
                let mut builder = Int64Builder::with_capacity(rows);
                (0..rows).for_each(|index| {
                    builder.append_option(if load(&mut row, index) { body(&row) } else { None });
                });
                Arc::new(builder.finish())
            }
            Body::Time(body) => {
                let mut builder = TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC");
                (0..rows).for_each(|index| {
                    builder.append_option(if load(&mut row, index) { body(&row) } else { None });
                });
                Arc::new(builder.finish())
            }
            Body::Truth(body) => {
                let mut builder = BooleanBuilder::with_capacity(rows);
                for index in 0..rows {
                    let value = if load(&mut row, index) { body(&row) } else { Ok(None) };
                    match value {
                        Ok(value) => builder.append_option(value),
                        Err(problem) => return exec_err!("{}: {problem}", self.name),
                    }
                }
                Arc::new(builder.finish())
            }
        };
        Ok(array)
    }
}

/// Number of rows after which to decide whether values repeat.
const TRIAL_ROWS: usize = 256;

/// Rows with equal arguments.
struct Repeats {
    /// The first row of each combination of arguments.
    first_rows: Vec<u32>,
    /// The number of its combination, for each row.
    numbers: Vec<u32>,
}

/// Finds rows with equal arguments by comparing views only: a column read from a dictionary has one view per text.
/// Equal texts stored in several places count as different, which costs only time. `None` if it does not pay.
fn repeats(columns: &[&StringViewArray], rows: usize) -> Option<Repeats> {
    if rows < TRIAL_ROWS {
        return None;
    }
    let state = RandomState::default();
    let of_row =
        |row: usize| columns.iter().map(move |column| column.is_valid(row).then(|| column.views()[row]));
    let hash = |row: usize| {
        let mut hasher = state.build_hasher();
        of_row(row).for_each(|view| view.hash(&mut hasher));
        hasher.finish()
    };
    let mut table: HashTable<u32> = HashTable::new();
    let (mut first_rows, mut numbers): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::with_capacity(rows));
    for row in 0..rows {
        let is_same = |number: &u32| of_row(first_rows[*number as usize] as usize).eq(of_row(row));
        let known = match numbers.last() {
            Some(last) if is_same(last) => Some(*last),
            _ => table.find(hash(row), is_same).copied(),
        };
        numbers.push(known.unwrap_or(first_rows.len() as u32));
        if known.is_none() {
            let rehash = |number: &u32| hash(first_rows[*number as usize] as usize);
            table.insert_unique(hash(row), first_rows.len() as u32, rehash);
            first_rows.push(row as u32);
        }
        if row + 1 == TRIAL_ROWS && first_rows.len() > TRIAL_ROWS / 2 {
            return None;
        }
    }
    Some(Repeats { first_rows, numbers })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn length() -> TextFunction {
        TextFunction {
            name: "length",
            arguments: &["a", "b"],
            help: ("", ""),
            null_is: Some("null"),
            body: Body::Integer(|args| Some((args[0].len() * 1000 + args[1].len()) as i64)),
        }
    }

    // Values of both kinds of views, nulls, and one or many different ones.
    #[test]
    fn values_that_repeat_are_worked_on_once_and_all_get_what_is_theirs() {
        for different in [1, 3, 100, 2000] {
            let text =
                |value: usize| (value % 5 != 3).then(|| format!("{value:0width$}", width = value % 40));
            let rows = 1000;
            let dictionary: StringViewArray = (0..different).map(text).collect();
            let places = UInt32Array::from_iter_values((0..rows).map(|row| (row % different) as u32));
            let column = take(&dictionary, &places, None).unwrap();
            let other: ArrayRef = Arc::new(StringViewArray::from(vec!["ab"; rows]));
            let array = length().apply(&[Arc::clone(&column), other], rows).unwrap();
            let column = column.as_string_view();
            assert_eq!(repeats(&[column], rows).is_some(), different <= 100);
            for row in 0..rows {
                let expected = if column.is_valid(row) { column.value(row).len() } else { 4 } * 1000 + 2;
                let value = array.as_primitive::<datafusion::arrow::datatypes::Int64Type>().value(row);
                assert_eq!(value, expected as i64, "{different}, row {row}");
            }
        }
    }
}

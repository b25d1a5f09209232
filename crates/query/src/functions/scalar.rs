//! Functions of text: what every one of them has in common, so that each is a few lines.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Int64Builder, StringViewBuilder, TimestampMicrosecondBuilder,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// What a function makes of its arguments, none of which is null. `Err` is a message for the person who asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// Gives text.
    Text(for<'a> fn(&[&'a str]) -> Option<Cow<'a, str>>),
    /// Gives a number.
    Integer(fn(&[&str]) -> Option<i64>),
    /// Gives a time, in microseconds since 1970 (UTC).
    Time(fn(&[&str]) -> Option<i64>),
    /// Gives a truth value.
    Truth(fn(&[&str]) -> Result<Option<bool>, String>),
}

/// A function of text.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextFunction {
    /// Its name in SQL.
    pub(super) name: &'static str,
    /// The names of its arguments.
    pub(super) arguments: &'static [&'static str],
    /// What it does, in a sentence, and an example.
    pub(super) help: (&'static str, &'static str),
    /// What a null argument stands for; `None`: a null argument gives null.
    pub(super) null_is: Option<&'static str>,
    /// What it does.
    pub(super) body: Body,
}

impl TextFunction {
    /// As DataFusion takes it.
    pub(super) fn udf(self) -> ScalarUDF {
        let signature = Signature::string(self.arguments.len(), Volatility::Immutable);
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
    fn apply(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let columns: Vec<_> = arguments.iter().map(|argument| argument.as_string_view()).collect();
        let mut row: Vec<&str> = Vec::with_capacity(columns.len());
        // Fills `row`; false where an argument is null and stands for nothing.
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

//! Redaction as a function of columns, for the views of a session.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::Redactor;
use super::columns::Treatment;

/// One treatment, with a text and, for what is told of a row, its requester and its address. It is not registered: SQL
/// cannot call it, and so cannot try values.
#[derive(Debug)]
pub(super) struct RedactFunction {
    redactor: Arc<Redactor>,
    treatment: Treatment,
    signature: Signature,
}

impl RedactFunction {
    pub(super) fn new(redactor: Arc<Redactor>, treatment: Treatment) -> Self {
        Self { redactor, treatment, signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl PartialEq for RedactFunction {
    fn eq(&self, other: &Self) -> bool {
        self.treatment == other.treatment && Arc::ptr_eq(&self.redactor, &other.redactor)
    }
}

impl Eq for RedactFunction {}

impl Hash for RedactFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.treatment, Arc::as_ptr(&self.redactor)).hash(state);
    }
}

impl ScalarUDFImpl for RedactFunction {
    fn name(&self) -> &str {
        self.treatment.function()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let columns = args.args.into_iter().map(|argument| argument.into_array(rows));
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        let row = columns.get(1..3).unwrap_or_default();
        let row =
            row.iter().map(|column| cast(column, &DataType::Utf8View)).collect::<Result<Vec<_>, _>>()?;
        let row = match &row[..] {
            [requester, address] => Some([requester.as_string_view(), address.as_string_view()]),
            _ => None,
        };
        Ok(ColumnarValue::Array(Arc::new(self.redactor.array(self.treatment, &columns[0], row)?)))
    }
}

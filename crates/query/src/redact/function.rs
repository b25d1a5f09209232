//! Redaction as a function, for the program's own filters on true tables.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::Redactor;
use super::columns::Treatment;

/// Redacts a text. It is not registered, so that SQL cannot call it to test values.
#[derive(Debug)]
struct RedactFunction {
    redactor: Arc<Redactor>,
    treatment: Treatment,
    signature: Signature,
}

impl Redactor {
    /// `value` as a column of this name shows it.
    pub(crate) fn shown(self: &Arc<Self>, column: &str, value: Expr) -> Expr {
        let treatment = Treatment::for_column(column);
        let signature = Signature::any(1, Volatility::Immutable);
        let function = RedactFunction { redactor: Arc::clone(self), treatment, signature };
        ScalarUDF::from(function).call(vec![value])
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
        "redacted"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [value] = &args.args[..] else {
            return Err(datafusion::error::DataFusionError::Internal("redacted takes one value".into()));
        };
        let column = value.clone().into_array(rows)?;
        Ok(ColumnarValue::Array(Arc::new(self.redactor.array(self.treatment, &column, None)?)))
    }
}

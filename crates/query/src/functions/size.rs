//! `possible_size`: sizes that S3 can have. A client or the author of a log file can write any number into a line; a
//! few of the largest would overflow every sum.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Int64Array};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, DocSection, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

/// The largest object of S3: 50 TB.
const LARGEST: i64 = 50 << 40;

/// The function.
pub(super) fn possible_size() -> ScalarUDF {
    let section = DocSection { include: true, label: "S3 server access logs", description: None };
    let help = "The number of bytes; null if it is negative or above 50 TB, the largest object of S3: such a number \
                is forged or damaged";
    let documentation = Documentation::builder(section, help, "possible_size(bytes_sent)")
        .with_argument("bytes", "A number of bytes")
        .build();
    let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
    ScalarUDF::from(PossibleSize { signature, documentation })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PossibleSize {
    signature: Signature,
    documentation: Documentation,
}

impl ScalarUDFImpl for PossibleSize {
    fn name(&self) -> &str {
        "possible_size"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let is_possible = |size: i64| (0..=LARGEST).contains(&size).then_some(size);
        let sizes: Int64Array = arrays[0].as_primitive::<Int64Type>().unary_opt(is_possible);
        Ok(ColumnarValue::Array(Arc::new(sizes)))
    }
}

//! Scalar functions over columns of any type: the common parts.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, DocSection, Documentation, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

/// The type of an argument, which values are cast to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// An integer.
    Integer,
    /// A timestamp in microseconds, keeping its zone. Dates become midnight UTC, timestamps without a zone are
    /// taken as UTC.
    Time,
    /// A day.
    Date,
    /// Any type, unchanged.
    Any,
}

impl Kind {
    /// The type that an argument of type `given` is cast to.
    pub(super) fn data_type(self, given: &DataType) -> DataType {
        match self {
            Self::Text => DataType::Utf8View,
            Self::Integer => DataType::Int64,
            Self::Date => DataType::Date32,
            Self::Time => {
                let zone = match given {
                    DataType::Timestamp(_, Some(zone)) => Arc::clone(zone),
                    _ => "UTC".into(),
                };
                DataType::Timestamp(TimeUnit::Microsecond, Some(zone))
            }
            Self::Any => given.clone(),
        }
    }

    fn takes(self, given: &DataType) -> bool {
        given.is_null()
            || match self {
                Self::Text => given.is_string(),
                Self::Integer => given.is_integer(),
                Self::Time | Self::Date => {
                    matches!(given, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
                }
                Self::Any => true,
            }
    }
}

/// Takes the argument columns, the number of rows, and whether errors become null.
type Body = fn(&[ArrayRef], usize, bool) -> Result<ArrayRef>;

/// Rewrites a call with these arguments to a simpler expression; `None` if that is not possible.
type Simplify = fn(&[Expr], &SimplifyContext) -> Option<Expr>;

/// A function. Rows with a null argument are null.
#[derive(Clone, Copy, Debug)]
pub(super) struct TypedFunction {
    /// Its name in SQL.
    pub(super) name: &'static str,
    /// Its arguments.
    pub(super) arguments: &'static [(&'static str, Kind)],
    /// The number of trailing arguments that are optional.
    pub(super) optional: usize,
    /// Its return type.
    pub(super) returns: Kind,
    /// Description and example.
    pub(super) help: (&'static str, &'static str),
    /// The implementation. `TRY` requests null in place of errors.
    pub(super) body: Body,
    /// Simplification of calls; see [`ScalarUDFImpl::simplify`].
    pub(super) simplify: Option<Simplify>,
}

impl TypedFunction {
    /// As a DataFusion function.
    pub(super) fn udf(self) -> ScalarUDF {
        ScalarUDF::from(TypedUdf::new(self, false))
    }
}

/// The DataFusion function.
#[derive(Debug)]
pub(super) struct TypedUdf {
    function: TypedFunction,
    lenient: bool,
    signature: Signature,
    documentation: Documentation,
}

impl TypedUdf {
    fn new(function: TypedFunction, lenient: bool) -> Self {
        let section = DocSection { include: true, label: "Presto and Athena", description: None };
        let mut documentation = Documentation::builder(section, function.help.0, function.help.1);
        for (name, kind) in function.arguments {
            documentation = documentation.with_argument(*name, format!("{kind:?}"));
        }
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { function, lenient, signature, documentation: documentation.build() }
    }

    /// The same function with null in place of errors.
    pub(super) fn lenient(&self) -> ScalarUDF {
        ScalarUDF::from(Self::new(self.function, true))
    }
}

impl PartialEq for TypedUdf {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name && self.lenient == other.lenient
    }
}

impl Eq for TypedUdf {}

impl Hash for TypedUdf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
        self.lenient.hash(state);
    }
}

impl ScalarUDFImpl for TypedUdf {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let TypedFunction { name, arguments, optional, .. } = self.function;
        let least = arguments.len() - optional;
        if given.len() < least || given.len() > arguments.len() {
            let names: Vec<&str> = arguments.iter().map(|(name, _)| *name).collect();
            return plan_err!("{name} takes {}; got {} arguments", names.join(", "), given.len());
        }
        for ((argument, kind), given) in arguments.iter().zip(given) {
            if !kind.takes(given) {
                return plan_err!("{name}: {argument} has type {given}, but should be a {kind:?}");
            }
        }
        Ok(arguments.iter().zip(given).map(|((_, kind), given)| kind.data_type(given)).collect())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        // A time computed from another one keeps its zone.
        let TypedFunction { arguments, returns, .. } = self.function;
        let is_alike = |kind: Kind| kind == returns || returns == Kind::Any;
        let alike = arguments.iter().zip(given).find(|((_, kind), _)| is_alike(*kind));
        Ok(returns.data_type(alike.map_or(&DataType::Null, |(_, given)| given)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let simpler = self.function.simplify.and_then(|simplify| simplify(&args, info));
        Ok(simpler.map_or(ExprSimplifyResult::Original(args), ExprSimplifyResult::Simplified))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let kinds = self.function.arguments.iter().map(|(_, kind)| kind);
        let arguments = args
            .args
            .into_iter()
            .zip(kinds)
            .map(|(argument, kind)| {
                let array = argument.into_array(rows)?;
                Ok(cast(&array, &kind.data_type(array.data_type()))?)
            })
            .collect::<Result<Vec<_>>>()?;
        let array = (self.function.body)(&arguments, rows, self.lenient)?;
        if is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

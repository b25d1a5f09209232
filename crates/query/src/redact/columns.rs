//! What becomes of each column, by its name. A column that nobody thought of is text that may hold anything.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, RecordBatch, StringViewArray, StringViewBuilder, new_null_array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::{ScalarUDF, lit};
use datafusion::prelude::{DataFrame, Expr};

use super::function::RedactFunction;
use super::{Redactor, Whose};

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Treatment {
    /// It is an address.
    Address,
    /// It is a requester or an owner, or one of its parts.
    Principal,
    /// It is the name of a role, a requester, or the kind of one.
    Role,
    /// It is an access key id.
    AccessKey,
    /// It may hold anything, of whoever made the request too.
    Line,
    /// It may hold anything.
    Text,
    /// AWS made it, with random letters.
    Opaque,
}

impl Treatment {
    /// For a column of this name.
    pub(crate) fn of(column: &str) -> Self {
        match column {
            "remote_ip" => Self::Address,
            "requester" | "bucket_owner" | "account" | "destroyed_by" => Self::Principal,
            "principal" => Self::Role,
            "key_id" => Self::AccessKey,
            "referer" | "user_agent" | "host_header" | "access_point_arn" | "extra" | "raw" => Self::Line,
            "request_id" | "host_id" | "sha256" | "etag" => Self::Opaque,
            _ => Self::Text,
        }
    }

    /// Its name as a function.
    pub(super) const fn function(self) -> &'static str {
        match self {
            Self::Address => "redact_address",
            Self::Principal => "redact_principal",
            Self::Role => "redact_role",
            Self::AccessKey => "redact_access_key",
            Self::Line => "redact_line",
            Self::Text => "redact_text",
            Self::Opaque => "redact_opaque",
        }
    }
}

impl Redactor {
    /// A column, redacted.
    pub(crate) fn call(self: &Arc<Self>, treatment: Treatment, column: &str) -> Expr {
        self.function(treatment).call(vec![named(column)])
    }

    fn function(self: &Arc<Self>, treatment: Treatment) -> ScalarUDF {
        ScalarUDF::from(RedactFunction::new(Arc::clone(self), treatment))
    }

    /// The same rows, redacted. Columns that are neither text nor numbers nor times are null: nobody can say what is in
    /// them.
    pub(crate) fn frame(self: &Arc<Self>, frame: DataFrame) -> Result<DataFrame> {
        let fields = frame.schema().fields().clone();
        let column = |name: &str| fields.iter().any(|field| field.name() == name);
        let has_row = column("requester") && column("remote_ip");
        let columns = fields.iter().map(|field| {
            let name = field.name().as_str();
            let kind = field.data_type();
            let value = if is_text(kind) {
                let treatment = Treatment::of(name);
                let mut arguments = vec![named(name)];
                if treatment == Treatment::Line && has_row {
                    arguments.extend(["requester", "remote_ip"].map(named));
                }
                self.function(treatment).call(arguments)
            } else if is_harmless(kind) {
                return Ok(named(name));
            } else {
                lit(ScalarValue::try_new_null(kind)?)
            };
            Ok(value.alias(name))
        });
        frame.clone().select(columns.collect::<Result<Vec<_>>>()?)
    }

    /// Rows that were made of the true ones, redacted. The schema stays.
    pub(crate) fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let schema: &Schema = batch.schema_ref();
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
            let redacted = self.any(Treatment::of(field.name()), column)?;
            Ok(cast(&redacted, field.data_type())?)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options =
            datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &options)?)
    }

    fn any(&self, treatment: Treatment, column: &ArrayRef) -> Result<ArrayRef> {
        Ok(match column.data_type() {
            kind if is_text(kind) => Arc::new(self.array(treatment, column, None)?),
            kind if is_harmless(kind) => Arc::clone(column),
            DataType::List(field) if is_text(field.data_type()) || is_harmless(field.data_type()) => {
                let list = column.as_list::<i32>();
                let values = cast(&self.any(treatment, list.values())?, field.data_type())?;
                let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
                Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls)?)
            }
            kind => new_null_array(kind, column.len()),
        })
    }

    /// A column of text, with the requesters and addresses of its rows.
    pub(super) fn array(
        &self,
        treatment: Treatment,
        column: &ArrayRef,
        rows: Option<[&StringViewArray; 2]>,
    ) -> Result<StringViewArray> {
        let texts = cast(column, &DataType::Utf8View)?;
        let texts = texts.as_string_view();
        let mut redacted = StringViewBuilder::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let at = |column: usize| {
                rows.and_then(|rows| rows[column].is_valid(index).then(|| rows[column].value(index)))
            };
            let whose = || Whose { requester: at(0), address: at(1) };
            redacted.append_option(text.map(|text| match treatment {
                Treatment::Address => self.address(text),
                Treatment::Principal => self.principal(text),
                Treatment::Role => self.role(text),
                Treatment::AccessKey => self.access_key(text),
                Treatment::Line => self.text(text, whose()),
                Treatment::Text => self.text(text, Whose::default()),
                Treatment::Opaque => self.opaque(text),
            }));
        }
        Ok(redacted.finish())
    }
}

fn named(column: &str) -> Expr {
    Expr::Column(Column::new_unqualified(column))
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, value) => is_text(value),
        kind => kind.is_string(),
    }
}

/// Numbers, times and truth values name nobody.
fn is_harmless(kind: &DataType) -> bool {
    kind.is_numeric() || kind.is_temporal() || matches!(kind, DataType::Boolean | DataType::Null)
}

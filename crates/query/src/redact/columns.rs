//! What becomes of each column, by its name. A column that nobody thought of is text that may hold anything.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, RecordBatch, RecordBatchOptions, StringViewArray, StringViewBuilder,
    new_null_array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

use super::{Names, Redactor, RowIdentity};

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
    /// It may hold anything, also the names of whoever made the request.
    Line,
    /// It may hold anything; but names in it stay that have no form of their own. Keys and buckets are called by words, such
    /// as `backup`, that may be somebody's name too.
    Text,
    /// AWS made it, with random letters.
    Opaque,
}

impl Treatment {
    /// For a column of this name.
    pub(crate) fn for_column(column: &str) -> Self {
        match column {
            "remote_ip" => Self::Address,
            "requester" | "bucket_owner" | "account" | "destroyed_by" => Self::Principal,
            "principal" | "opened_by" | "failed_for" | "gone_by" => Self::Role,
            "key_id" => Self::AccessKey,
            "request_id" | "host_id" | "sha256" | "etag" => Self::Opaque,
            "operation" | "error_code" | "log_file" | "evidence" | "anomaly" | "part" | "state" => Self::Text,
            column if ["key", "bucket", "prefix"].iter().any(|part| column.contains(part)) => Self::Text,
            _ => Self::Line,
        }
    }
}

impl Redactor {
    /// Rows that were made of the true ones, redacted. The schema stays. Where the rows do not have both requester and
    /// address, `others` are the names that are looked for.
    pub(crate) fn batch(&self, batch: &RecordBatch, others: &Names) -> Result<RecordBatch> {
        let schema = batch.schema();
        let row = ["requester", "remote_ip"]
            .map(|name| batch.column_by_name(name).filter(|column| is_text(column.data_type())));
        let row = if let [Some(requester), Some(address)] = row { Some([requester, address]) } else { None };
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
            let redacted = self.any(Treatment::for_column(field.name()), column, row, others)?;
            Ok(cast(&redacted, field.data_type())?)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &options)?)
    }

    fn any(
        &self,
        treatment: Treatment,
        column: &ArrayRef,
        row: Option<[&ArrayRef; 2]>,
        others: &Names,
    ) -> Result<ArrayRef> {
        Ok(match column.data_type() {
            kind if is_text(kind) && row.is_some() => Arc::new(self.array(treatment, column, row)?),
            kind if is_text(kind) => {
                Arc::new(self.texts(treatment, column, |_, text| self.text_of(text, others).into_owned())?)
            }
            kind if is_harmless(kind) => Arc::clone(column),
            DataType::List(field) if is_text(field.data_type()) || is_harmless(field.data_type()) => {
                let list = column.as_list::<i32>();
                // The values of a list are more than there are rows.
                let names = row.map(|row| self.names_of(row)).transpose()?;
                let names = names.as_ref().unwrap_or(others);
                let values = cast(&self.any(treatment, list.values(), None, names)?, field.data_type())?;
                let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
                Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls)?)
            }
            kind => new_null_array(kind, column.len()),
        })
    }

    /// A column of text. `row` has the requesters and the addresses of its rows.
    pub(super) fn array(
        &self,
        treatment: Treatment,
        column: &ArrayRef,
        row: Option<[&ArrayRef; 2]>,
    ) -> Result<StringViewArray> {
        let row = row.filter(|_| treatment == Treatment::Line);
        let row = row.map(texts).transpose()?;
        // Rows of the same requester from the same address often follow each other.
        let mut names: HashMap<RowIdentity<'_>, Names> = HashMap::new();
        self.texts(treatment, column, |index, text| {
            let Some([requesters, addresses]) = &row else { return self.text(text).into_owned() };
            let identity = RowIdentity { requester: at(requesters, index), address: at(addresses, index) };
            let names =
                names.entry(identity).or_insert_with(|| self.names(identity.requester, identity.address));
            self.text_of(text, names).into_owned()
        })
    }

    /// The values of a column, each of which is redacted once; `line` is for those that may hold anything.
    fn texts(
        &self,
        treatment: Treatment,
        column: &ArrayRef,
        mut line: impl FnMut(usize, &str) -> String,
    ) -> Result<StringViewArray> {
        let column = cast(column, &DataType::Utf8View)?;
        let column = column.as_string_view();
        let mut redacted = StringViewBuilder::with_capacity(column.len());
        let mut known: HashMap<&str, String> = HashMap::new();
        for (index, text) in column.iter().enumerate() {
            let Some(text) = text else {
                redacted.append_null();
                continue;
            };
            if treatment == Treatment::Line {
                redacted.append_value(line(index, text));
                continue;
            }
            let value = known.entry(text).or_insert_with(|| {
                let value = match treatment {
                    Treatment::Address => self.address(text),
                    Treatment::Principal => self.principal(text),
                    Treatment::Role => self.role(text),
                    Treatment::AccessKey => self.access_key(text),
                    Treatment::Opaque => self.opaque(text),
                    Treatment::Text | Treatment::Line => self.text(text),
                };
                value.into_owned()
            });
            redacted.append_value(value);
        }
        Ok(redacted.finish())
    }

    /// The names of all of these rows.
    fn names_of(&self, row: [&ArrayRef; 2]) -> Result<Names> {
        let [requesters, addresses] = texts(row)?;
        let mut names = Names::default();
        if self.principals {
            requesters.iter().flatten().for_each(|requester| names.add_requester(requester));
        }
        if self.addresses {
            addresses.iter().flatten().for_each(|address| names.add_address(address));
        }
        Ok(names)
    }
}

fn texts(columns: [&ArrayRef; 2]) -> Result<[StringViewArray; 2]> {
    let [requesters, addresses] = columns.map(|column| cast(column, &DataType::Utf8View));
    Ok([requesters?.as_string_view().clone(), addresses?.as_string_view().clone()])
}

fn at(column: &StringViewArray, index: usize) -> Option<&str> {
    column.is_valid(index).then(|| column.value(index))
}

pub(super) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, value) => is_text(value),
        kind => kind.is_string(),
    }
}

/// Numbers, times and truth values name nobody.
pub(super) fn is_harmless(kind: &DataType) -> bool {
    kind.is_numeric() || kind.is_temporal() || matches!(kind, DataType::Boolean | DataType::Null)
}

//! Tables whose rows are redacted before SQL sees them.
//!
//! A projection is not a barrier: an optimizer may evaluate an expression below it, on true values. Here, redaction is
//! an operator of its own that nothing can be pushed through, and every plan is refused that reads a file outside such
//! an operator.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::{filter, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, Statistics};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::StreamExt;

use super::Redactor;
use super::columns::{Treatment, is_harmless, is_text};

/// A table as SQL sees it under redaction.
#[derive(Debug)]
pub(crate) struct RedactedTable {
    /// The true table.
    input: Arc<dyn TableProvider>,
    redactor: Arc<Redactor>,
    schema: SchemaRef,
    /// Filter on columns that are not redacted, such as the time range.
    limit: Vec<Expr>,
}

impl RedactedTable {
    // Columns that are neither text, numbers nor times become null, because their contents are unknown.
    pub(crate) fn new(input: Arc<dyn TableProvider>, redactor: Arc<Redactor>, limit: Option<Expr>) -> Self {
        let schema = redacted_schema(&input.schema(), &redactor);
        Self { input, redactor, schema, limit: limit.into_iter().collect() }
    }

    /// How the column at `index` is computed.
    fn column_source(&self, index: usize) -> ColumnSource {
        let field = self.input.schema().field(index).clone();
        match field.data_type() {
            kind if is_text(kind) => ColumnSource::Text(Treatment::for_column(field.name())),
            kind if is_harmless(kind) => ColumnSource::Same,
            _ => ColumnSource::Null,
        }
    }

    /// Whether a filter may be evaluated by the true table: it must only use columns that are not redacted, and
    /// only comparisons.
    fn is_safe_below(&self, filter: &Expr) -> bool {
        let is_safe = |expr: &Expr| match expr {
            Expr::Column(column) => self.schema.index_of(&column.name).is_ok_and(|index| {
                self.column_source(index) == ColumnSource::Same
                    && self.input.schema().field(index).name() == &column.name
            }),
            Expr::BinaryExpr(binary) => matches!(
                binary.op,
                Operator::Eq
                    | Operator::NotEq
                    | Operator::Lt
                    | Operator::LtEq
                    | Operator::Gt
                    | Operator::GtEq
                    | Operator::And
                    | Operator::Or
            ),
            Expr::Literal(..)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::Between(_)
            | Expr::InList(_)
            | Expr::Cast(_) => true,
            _ => false,
        };
        let is_other = filter.exists(|expr| Ok(!is_safe(expr))).unwrap_or(true);
        !is_other && !filter.column_refs().is_empty()
    }

    /// Builds the filters on the redacted columns that they use.
    fn filter(&self, state: &dyn Session, filters: &[Expr], columns: &[usize]) -> Result<Option<Filter>> {
        let Some(all) = conjunction(self.limit.iter().chain(filters).cloned()) else { return Ok(None) };
        let schema = Arc::new(self.schema.project(columns)?);
        let expr = state.create_physical_expr(all, &DFSchema::try_from(Arc::clone(&schema))?)?;
        Ok(Some(Filter { expr, schema }))
    }
}

/// The schema after redaction. The header of a file without column names is a row of values, so names are redacted
/// too.
fn redacted_schema(schema: &Schema, redactor: &Redactor) -> SchemaRef {
    let mut names: Vec<String> = Vec::new();
    let fields = schema.fields().iter().map(|field| {
        let kind = if is_text(field.data_type()) { DataType::Utf8View } else { field.data_type().clone() };
        let mut name = redactor.text(field.name()).into_owned();
        while names.contains(&name) {
            name.push('_');
        }
        names.push(name.clone());
        Field::new(name, kind, field.is_nullable() || !is_harmless(field.data_type()))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[async_trait]
impl TableProvider for RedactedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Filters are evaluated here on redacted values, so that rows that do not pass need not be redacted
    /// completely.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| {
            if is_of_columns(filter) {
                TableProviderFilterPushDown::Inexact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(support).collect())
    }

    fn statistics(&self) -> Option<Statistics> {
        let rows = self.input.statistics()?.num_rows;
        let num_rows = if self.limit.is_empty() { rows } else { rows.to_inexact() };
        Some(Statistics { num_rows, ..Statistics::new_unknown(&self.schema) })
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let mut of_filters = Vec::new();
        for column in self.limit.iter().chain(filters).flat_map(Expr::column_refs) {
            of_filters.push(self.schema.index_of(&column.name)?);
        }
        of_filters.sort_unstable();
        of_filters.dedup();
        let filter = self.filter(state, filters, &of_filters)?;

        let mut read: Vec<usize> = wanted.iter().chain(&of_filters).copied().collect();
        let is_of_row =
            |index: &usize| matches!(self.column_source(*index), ColumnSource::Text(Treatment::Line));
        let identity = ["requester", "remote_ip"].map(|name| self.input.schema().index_of(name).ok());
        let identity = match identity {
            [Some(requester), Some(address)] if read.iter().any(is_of_row) => Some([requester, address]),
            _ => None,
        };
        read.extend(identity.into_iter().flatten());
        read.sort_unstable();
        read.dedup();

        let below: Vec<&Expr> =
            self.limit.iter().chain(filters).filter(|expr| self.is_safe_below(expr)).collect();
        let support = self.input.supports_filters_pushdown(&below)?;
        let below = below.into_iter().zip(support);
        let below: Vec<Expr> = below
            .filter(|(_, support)| *support != TableProviderFilterPushDown::Unsupported)
            .map(|(expr, _)| expr.clone())
            .collect();
        let limit = limit.filter(|_| filter.is_none());
        let input = self.input.scan(state, Some(&read), &below, limit).await?;

        let place = |index: &usize| read.binary_search(index).unwrap_or_default();
        let column = |index: &usize| Column { place: place(index), made: self.column_source(*index) };
        let rules = Rules {
            columns: wanted.iter().map(column).collect(),
            of_filter: of_filters.iter().map(column).collect(),
            filter,
            identity: identity.map(|[requester, address]| [place(&requester), place(&address)]),
            schema: Arc::new(self.schema.project(&wanted)?),
            redactor: Arc::clone(&self.redactor),
        };
        Ok(Arc::new(RedactExec::new(input, Arc::new(rules))))
    }
}

/// Whether a filter can be computed from a row's columns alone.
fn is_of_columns(filter: &Expr) -> bool {
    let is_of_columns = |expr: &Expr| {
        matches!(
            expr,
            Expr::Column(_)
                | Expr::Literal(..)
                | Expr::BinaryExpr(_)
                | Expr::Like(_)
                | Expr::SimilarTo(_)
                | Expr::Not(_)
                | Expr::IsNull(_)
                | Expr::IsNotNull(_)
                | Expr::IsTrue(_)
                | Expr::IsFalse(_)
                | Expr::IsUnknown(_)
                | Expr::IsNotTrue(_)
                | Expr::IsNotFalse(_)
                | Expr::IsNotUnknown(_)
                | Expr::Negative(_)
                | Expr::Between(_)
                | Expr::Case(_)
                | Expr::Cast(_)
                | Expr::TryCast(_)
                | Expr::ScalarFunction(_)
                | Expr::InList(_)
        )
    };
    let is_other = filter.exists(|expr| Ok(!is_of_columns(expr))).unwrap_or(true);
    !is_other && !filter.is_volatile() && !filter.column_refs().is_empty()
}

/// How a column is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnSource {
    Text(Treatment),
    Same,
    Null,
}

/// A column, by its position among the columns read.
#[derive(Clone, Copy, Debug)]
struct Column {
    place: usize,
    made: ColumnSource,
}

/// A filter on redacted columns.
#[derive(Clone, Debug)]
struct Filter {
    expr: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
}

/// How a batch is redacted.
#[derive(Debug)]
struct Rules {
    columns: Vec<Column>,
    of_filter: Vec<Column>,
    filter: Option<Filter>,
    /// Positions of requester and address, if the row's texts are redacted by them.
    identity: Option<[usize; 2]>,
    schema: SchemaRef,
    redactor: Arc<Redactor>,
}

impl Rules {
    /// Returns the redacted rows that pass the filter.
    fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let Some(Filter { expr, schema }) = &self.filter else {
            return self.built(batch, |column| self.redacted(batch, column));
        };
        let looked_at = self.of_filter.iter().map(|column| self.redacted(batch, column));
        let looked_at = looked_at.collect::<Result<Vec<_>>>()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let all = RecordBatch::try_new_with_options(Arc::clone(schema), looked_at, &rows)?;
        let mask = expr.evaluate(&all)?.into_array(batch.num_rows())?;
        let mask = mask
            .as_boolean_opt()
            .ok_or_else(|| DataFusionError::Internal("a filter is not boolean".into()))?;
        let kept = filter_record_batch(batch, mask)?;
        self.built(&kept, |column| {
            // Columns used by the filter are redacted already.
            match self.of_filter.iter().position(|looked_at| looked_at.place == column.place) {
                Some(index) => Ok(filter(all.column(index), mask)?),
                None => self.redacted(&kept, column),
            }
        })
    }

    fn built(&self, rows: &RecordBatch, column: impl Fn(&Column) -> Result<ArrayRef>) -> Result<RecordBatch> {
        let columns = self.columns.iter().map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }

    fn redacted(&self, batch: &RecordBatch, column: &Column) -> Result<ArrayRef> {
        let values = batch.column(column.place);
        Ok(match column.made {
            ColumnSource::Same => Arc::clone(values),
            ColumnSource::Null => new_null_array(values.data_type(), values.len()),
            ColumnSource::Text(treatment) => {
                let row = self.identity.map(|places| places.map(|place| batch.column(place)));
                Arc::new(self.redactor.array(treatment, values, row)?)
            }
        })
    }
}

/// Redacts the rows of a scan. Optimizers cannot push anything through it: by default, an [`ExecutionPlan`] accepts
/// no filter, projection or order.
#[derive(Debug)]
pub(crate) struct RedactExec {
    input: Arc<dyn ExecutionPlan>,
    rules: Arc<Rules>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl RedactExec {
    fn new(input: Arc<dyn ExecutionPlan>, rules: Arc<Rules>) -> Self {
        // Properties of the true values, such as order, do not hold for redacted values.
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&rules.schema)),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self { input, rules, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for RedactExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.rules.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "RedactExec: columns=[{}]", names.join(", "))?;
        match &self.rules.filter {
            Some(filter) => write!(f, ", filter={}", filter.expr),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for RedactExec {
    fn name(&self) -> &'static str {
        "RedactExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    /// No expressions that an optimizer may change.
    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[_; 1]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("RedactExec must have one input".into()))?;
        if input.schema() != self.input.schema() {
            return Err(DataFusionError::Internal("the input of RedactExec cannot be replaced".into()));
        }
        Ok(Arc::new(Self::new(input, Arc::clone(&self.rules))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rules = Arc::clone(&self.rules);
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let input =
            self.input.execute(partition, context).map_err(|error| rules.redactor.error_below(error))?;
        let rows = input.map(move |batch| {
            let batch = batch.map_err(|error| rules.redactor.error_below(error))?;
            let _timer = metrics.elapsed_compute().timer();
            let redacted = rules.apply(&batch)?;
            metrics.output_rows().add(redacted.num_rows());
            Ok(redacted)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.rules.schema), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    /// Only the number of rows.
    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let rows = inputs.first().map_or(Precision::Absent, |input| input.num_rows);
        let num_rows = if self.rules.filter.is_none() { rows } else { rows.to_inexact() };
        Ok(Arc::new(Statistics { num_rows, ..Statistics::new_unknown(&self.rules.schema) }))
    }

    fn supports_limit_pushdown(&self) -> bool {
        self.rules.filter.is_none()
    }
}

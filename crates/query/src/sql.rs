//! Statements: read only, unless writing was asked for; values are bound, never pasted.

use std::collections::HashMap;

use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::{DFParser, Statement};

use crate::error::QueryError;
use crate::memory;
use crate::misstatement::locate;

/// Values for `$name` in SQL.
pub type Params = HashMap<String, ScalarValue>;

/// The rows of a statement.
pub(crate) struct Answer {
    /// Whether they tell how a statement is carried out.
    pub(crate) is_plan: bool,
    pub(crate) rows: SendableRecordBatchStream,
}

/// Runs the statements of `sql` in order; the last one's rows are the answer.
pub(crate) async fn run(
    context: &SessionContext,
    sql: &str,
    params: &Params,
    allow_writes: bool,
) -> Result<Answer, QueryError> {
    let mut statements = DFParser::parse_sql(sql).map_err(|error| locate(error, sql, context))?;
    let Some(last) = statements.pop_back() else { return Err(QueryError::Empty) };
    for statement in statements {
        let frame = frame(context, sql, statement, params, allow_writes).await?;
        frame.collect().await?;
    }
    let frame = frame(context, sql, last, params, allow_writes).await?;
    let is_plan = matches!(frame.logical_plan(), LogicalPlan::Explain(_) | LogicalPlan::Analyze(_));
    let may_run_twice = !is_plan && allowed(false).verify_plan(frame.logical_plan()).is_ok();
    if !may_run_twice {
        return Ok(Answer { is_plan, rows: frame.execute_stream().await? });
    }
    Ok(Answer { is_plan, rows: memory::rows(context, frame).await? })
}

async fn frame(
    context: &SessionContext,
    sql: &str,
    mut statement: Statement,
    params: &Params,
    allow_writes: bool,
) -> Result<datafusion::dataframe::DataFrame, QueryError> {
    crate::dialect::repair(&mut statement);
    let plan = context.state().statement_to_plan(statement).await;
    let plan = plan.map_err(|error| locate(error, sql, context))?;
    allowed(allow_writes).verify_plan(&plan).map_err(|_| QueryError::Refused(refusal(&plan)))?;
    let plan = if params.is_empty() { plan } else { plan.with_param_values(params.clone())? };
    Ok(context.execute_logical_plan(plan).await?)
}

/// Only reading, or all.
fn allowed(writes: bool) -> SQLOptions {
    SQLOptions::new().with_allow_ddl(writes).with_allow_dml(writes).with_allow_statements(writes)
}

fn refusal(plan: &LogicalPlan) -> String {
    let what = match plan {
        LogicalPlan::Ddl(_) => "a statement that makes or drops tables",
        LogicalPlan::Dml(_) | LogicalPlan::Copy(_) => "a statement that writes",
        LogicalPlan::Statement(_) => "a statement that changes the session",
        _ => "a statement that does more than read",
    };
    format!("{what}; only SELECT, EXPLAIN, SHOW and DESCRIBE are allowed")
}

//! Statements: read only, unless writing was asked for; values are bound, never pasted.

use std::collections::HashMap;

use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::{DFParser, Statement};

use crate::error::QueryError;

/// Values for `$name` in SQL.
pub type Params = HashMap<String, ScalarValue>;

/// Runs the statements of `sql` in order; the last one's rows are the answer.
pub(crate) async fn run(
    context: &SessionContext,
    sql: &str,
    params: &Params,
    allow_writes: bool,
) -> Result<SendableRecordBatchStream, QueryError> {
    let mut statements = DFParser::parse_sql(sql)?;
    let Some(last) = statements.pop_back() else { return Err(QueryError::Empty) };
    for statement in statements {
        let frame = frame(context, statement, params, allow_writes).await?;
        frame.collect().await?;
    }
    Ok(frame(context, last, params, allow_writes).await?.execute_stream().await?)
}

async fn frame(
    context: &SessionContext,
    mut statement: Statement,
    params: &Params,
    allow_writes: bool,
) -> Result<datafusion::dataframe::DataFrame, QueryError> {
    crate::dialect::repair(&mut statement);
    let plan = context.state().statement_to_plan(statement).await?;
    let options = SQLOptions::new()
        .with_allow_ddl(allow_writes)
        .with_allow_dml(allow_writes)
        .with_allow_statements(allow_writes);
    options.verify_plan(&plan).map_err(|_| QueryError::Refused(refusal(&plan)))?;
    let plan = if params.is_empty() { plan } else { plan.with_param_values(params.clone())? };
    Ok(context.execute_logical_plan(plan).await?)
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

//! Statements: read-only by default; values are bound, never pasted.

use std::collections::HashMap;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::diagnostics::locate;
use super::{dialect, expansion, memory};
use crate::error::QueryError;
use crate::params::{Params, bind};

/// Stack size in bytes for threads that execute statements, sufficient for the deepest allowed statement.
pub const STACK_SIZE: usize = 64 << 20;

/// Maximum number of words and symbols in a text, not counting literals and the commas between them. This bounds
/// the nesting depth of a statement, and thereby the stack. Lists of values may be as long as memory allows.
const MAX_WORDS: usize = 4000;
/// Maximum number of steps in a plan: each use of a `WITH` is executed separately, so a few lines can ask for
/// millions of steps.
const MAX_STEPS: u64 = 2000;
/// Maximum number of joins of joins: each level holds rows of its own while the next one reads them, and what they
/// take together is outside of the memory limit.
const MAX_JOIN_DEPTH: u64 = 32;

/// The rows of a statement.
pub(crate) struct Answer {
    /// Whether the rows describe an execution plan.
    pub(crate) plan: bool,
    pub(crate) rows: SendableRecordBatchStream,
}

/// Runs the statements of `sql` in order; the last one's rows are the answer.
pub(crate) async fn run(
    context: &SessionContext,
    sql: &str,
    params: &Params,
    allow_writes: bool,
) -> Result<Answer, QueryError> {
    check_length(sql)?;
    let mut statements = DFParser::parse_sql(sql).map_err(|error| locate(error, sql, context))?;
    let Some(last) = statements.pop_back() else { return Err(QueryError::Empty) };
    let single = statements.is_empty();
    for statement in statements {
        let frame = plan_statement(context, sql, statement, params, single, allow_writes).await?;
        frame.collect().await?;
    }
    let frame = plan_statement(context, sql, last, params, single, allow_writes).await?;
    let is_plan = matches!(frame.logical_plan(), LogicalPlan::Explain(_) | LogicalPlan::Analyze(_));
    let may_run_twice = !is_plan && allowed(false).verify_plan(frame.logical_plan()).is_ok();
    if !may_run_twice {
        return Ok(Answer { plan: is_plan, rows: frame.execute_stream().await? });
    }
    Ok(Answer { plan: is_plan, rows: memory::rows(context, frame).await? })
}

async fn plan_statement(
    context: &SessionContext,
    sql: &str,
    mut statement: Statement,
    params: &Params,
    single: bool,
    allow_writes: bool,
) -> Result<datafusion::dataframe::DataFrame, QueryError> {
    check_uses(expansion::expanded(&statement))?;
    dialect::repair(&mut statement, context).await.map_err(QueryError::Dialect)?;
    let plan = context.state().statement_to_plan(statement).await;
    let plan = plan.map_err(|error| locate(error, sql, context))?;
    check_uses(steps(&plan, &mut HashMap::new())?)?;
    check_joins(join_depth(&plan, &mut HashMap::new())?)?;
    allowed(allow_writes).verify_plan(&plan).map_err(|_| QueryError::Refused(refusal_message(&plan)))?;
    let plan = bind(plan, params, single)?;
    Ok(context.execute_logical_plan(plan).await?)
}

/// Refuses SQL that would need more stack than there is. SQL that cannot be tokenized is left to the parser.
fn check_length(sql: &str) -> Result<(), QueryError> {
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else { return Ok(()) };
    let is_word = |token: &&Token| {
        let is_value = matches!(
            token,
            Token::Comma
                | Token::Whitespace(_)
                | Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::SemiColon
                | Token::EOF
        );
        !is_value
    };
    match tokens.iter().filter(is_word).count() {
        count if count > MAX_WORDS => Err(QueryError::TooLarge(format!(
            "the SQL has {count} words and symbols besides literals; at most {MAX_WORDS} are allowed. A list, \
             x IN ('a', 'b', …), may have any number of values, and --table loads a file as a table"
        ))),
        _ => Ok(()),
    }
}

/// Refuses SQL with more steps than can be planned.
fn check_uses(count: u64) -> Result<(), QueryError> {
    if count <= MAX_STEPS {
        return Ok(());
    }
    Err(QueryError::TooLarge(format!(
        "the SQL has {count} steps, because every use of a WITH is executed separately; at most {MAX_STEPS} are allowed"
    )))
}

/// Refuses SQL with more nested joins than can run within the memory limit.
fn check_joins(depth: u64) -> Result<(), QueryError> {
    if depth <= MAX_JOIN_DEPTH {
        return Ok(());
    }
    Err(QueryError::TooLarge(format!(
        "the SQL joins the result of joins {depth} times over; at most {MAX_JOIN_DEPTH} joins can follow each other"
    )))
}

/// The largest number of joins on one path of a plan. Shared parts are visited once.
fn join_depth(
    plan: &LogicalPlan,
    known: &mut HashMap<*const LogicalPlan, u64>,
) -> Result<u64, DataFusionError> {
    if let Some(depth) = known.get(&std::ptr::from_ref(plan)) {
        return Ok(*depth);
    }
    let mut depth = 0;
    for input in plan.inputs() {
        depth = depth.max(join_depth(input, known)?);
    }
    plan.apply_subqueries(|subquery| {
        depth = depth.max(join_depth(subquery, known)?);
        Ok(TreeNodeRecursion::Continue)
    })?;
    let depth = depth + u64::from(matches!(plan, LogicalPlan::Join(_)));
    known.insert(std::ptr::from_ref(plan), depth);
    Ok(depth)
}

/// Number of steps of a plan. Shared parts are visited once, but count as often as they are used.
fn steps(plan: &LogicalPlan, known: &mut HashMap<*const LogicalPlan, u64>) -> Result<u64, DataFusionError> {
    if let Some(count) = known.get(&std::ptr::from_ref(plan)) {
        return Ok(*count);
    }
    let mut count = 1_u64;
    for input in plan.inputs() {
        count = count.saturating_add(steps(input, known)?);
    }
    plan.apply_subqueries(|subquery| {
        count = count.saturating_add(steps(subquery, known)?);
        Ok(TreeNodeRecursion::Continue)
    })?;
    known.insert(std::ptr::from_ref(plan), count);
    Ok(count)
}

/// Read-only, or everything.
fn allowed(writes: bool) -> SQLOptions {
    SQLOptions::new().with_allow_ddl(writes).with_allow_dml(writes).with_allow_statements(writes)
}

fn refusal_message(plan: &LogicalPlan) -> String {
    let what = match plan {
        LogicalPlan::Ddl(_) => "a statement that creates or drops tables",
        LogicalPlan::Dml(_) | LogicalPlan::Copy(_) => "a statement that writes",
        LogicalPlan::Statement(_) => "a statement that changes the session",
        _ => "a statement that does more than read",
    };
    format!("{what}; only SELECT, EXPLAIN, SHOW and DESCRIBE are allowed")
}

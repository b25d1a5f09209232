//! First use by the requesters of sessions: a second pass over all of their requests.

use std::collections::{BTreeSet, HashMap};

use datafusion::common::Result;
use datafusion::prelude::{Expr, col, lit};
use futures::TryStreamExt;

use super::report::{FirstUse, TimelineSession, Value};
use super::rows::{at, text, times};
use super::selection::time;
use super::tally::{Kind, ValueHasher, is_short};
use crate::error::QueryError;
use crate::session::Session;
use crate::time::Time;

/// Maximum number of requesters to name in the filter; with more, all rows are read.
const MAX_NAMED: usize = 100;

/// Marks values that were not used before. Only values shown in the sessions are tracked, so that memory stays
/// bounded.
pub(super) async fn mark(
    session: &Session,
    sessions: &mut [TimelineSession],
    ids: &ValueHasher,
) -> Result<(), QueryError> {
    let Some(last) = sessions.iter().map(|session| session.last_time.0).max() else { return Ok(()) };
    let mut first_seen = tracked_values(sessions);
    let until = col("request_time").lt_eq(time(last));
    let filter = of_requesters(sessions).into_iter().fold(until, Expr::and);
    let columns = ["request_time", "requester", "remote_ip", "operation", "bucket", "user_agent"];
    let frame = session.unredacted().table("logs").await?.filter(filter)?.select_columns(&columns)?;
    let mut stream = frame.execute_stream().await?;
    while let Some(batch) = stream.try_next().await? {
        let (times, requester) = (times(&batch)?, text(&batch, "requester")?);
        let remote_ip = text(&batch, "remote_ip")?;
        let kinds = [
            (Kind::Operation, text(&batch, "operation")?),
            (Kind::Bucket, text(&batch, "bucket")?),
            (Kind::Agent, text(&batch, "user_agent")?),
        ];
        for row in 0..batch.num_rows() {
            let (time, who) = (times.value(row), at(&requester, row));
            let mut look = |id: u64| {
                if let Some(first) = first_seen.get_mut(&id) {
                    *first = time.min(*first);
                }
            };
            look(ids.hash(Kind::Requester, who, None));
            look(ids.hash(Kind::Address, who, at(&remote_ip, row)));
            kinds.iter().for_each(|(kind, column)| look(ids.hash(*kind, who, at(column, row))));
        }
    }
    for session in sessions {
        let is_first = |id: u64, here: Time| first_seen.get(&id) == Some(&here.0);
        session.first_use = FirstUse {
            requester: is_first(session.requester_id, session.first_time),
            address: is_first(session.address_id, session.first_time),
        };
        values(session).for_each(|value| value.first_use = Some(is_first(value.id, value.first_time)));
    }
    Ok(())
}

/// The tracked values.
fn values(session: &mut TimelineSession) -> impl Iterator<Item = &mut Value> {
    let kinds = [&mut session.operations, &mut session.buckets, &mut session.user_agents];
    kinds.into_iter().flat_map(|values| &mut values.top)
}

fn tracked_values(sessions: &mut [TimelineSession]) -> HashMap<u64, i64> {
    let of_session = |session: &mut TimelineSession| {
        let mut ids = vec![session.requester_id, session.address_id];
        ids.extend(values(session).map(|value| value.id));
        ids
    };
    sessions.iter_mut().flat_map(of_session).map(|id| (id, i64::MAX)).collect()
}

/// The requests of the sessions' requesters; `None` if they are too many or too long to be named.
fn of_requesters(sessions: &[TimelineSession]) -> Option<Expr> {
    let names: BTreeSet<Option<&str>> = sessions.iter().map(|session| session.requester.as_deref()).collect();
    if names.len() > MAX_NAMED || !names.iter().flatten().all(|name| is_short(name)) {
        return None;
    }
    let is = |name: &Option<&str>| match name {
        Some(name) => col("requester").eq(lit(*name)),
        None => col("requester").is_null(),
    };
    names.iter().map(is).reduce(Expr::or)
}

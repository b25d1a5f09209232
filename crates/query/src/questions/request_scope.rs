//! The requests of an incident or finding, as filters. Values become literals of the plan, never part of SQL text.

use std::collections::{BTreeSet, HashMap};

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::prelude::{Expr, SessionContext, col, lit};

/// Some requests of one actor: all given conditions must hold. Values are those of the view `requests`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The incident's actor.
    pub(crate) actor: usize,
    /// The principal; `None` for what S3 itself did because of the actor.
    pub(crate) principal: Option<String>,
    pub(crate) requester: Option<String>,
    /// Source IPs; empty for any.
    pub(crate) addresses: Vec<String>,
    /// Origins; empty for any except presigned URLs.
    pub(crate) origins: BTreeSet<String>,
    /// Whether only presigned requests match.
    pub(crate) links: bool,
    pub(crate) bucket: Option<String>,
    pub(crate) object: Option<String>,
    /// Actions; empty for any.
    pub(crate) action: Option<&'static str>,
    /// First and last time, both inclusive; microseconds since 1970, UTC.
    pub(crate) since: i64,
    pub(crate) until: i64,
}

/// The requests of an incident or finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentRequests(pub(crate) Vec<Scope>);

impl IncidentRequests {
    /// Whether it selects nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a filter on the view `requests`.
    pub(super) fn filter(&self) -> Expr {
        self.0.iter().map(Scope::filter).reduce(Expr::or).unwrap_or_else(|| lit(false))
    }

    /// As a filter on the table `logs`, computing the columns of the view.
    pub(crate) fn filter_of_logs(&self, context: &SessionContext, logs: &DFSchema) -> Result<Expr> {
        let origin = "CASE WHEN authentication_type IN ('QueryString', 'HtmlForm') THEN 'link' \
                      WHEN is_private_ip(remote_ip) THEN 'private' \
                      WHEN remote_ip IS NOT NULL AND source_region IS NOT NULL THEN concat('aws ', source_region) \
                      ELSE ip_network(remote_ip) END";
        let computed = [
            ("principal", "principal(requester)"),
            ("origin", origin),
            ("object", "object_key(key, operation)"),
            ("action", "action(operation, http_status)"),
        ];
        let computed = computed
            .into_iter()
            .map(|(name, sql)| Ok((name, context.parse_sql_expr(sql, logs)?)))
            .collect::<Result<HashMap<&str, Expr>>>()?;
        let replaced = self.filter().transform(|expression| {
            Ok(match &expression {
                Expr::Column(column) => match computed.get(column.name.as_str()) {
                    Some(found) => Transformed::yes(found.clone()),
                    None => Transformed::no(expression),
                },
                _ => Transformed::no(expression),
            })
        });
        Ok(replaced?.data)
    }
}

/// Requests between two times, both inclusive; microseconds since 1970, UTC.
pub(super) fn between(since: i64, until: i64) -> Expr {
    let time = |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
    col("request_time").between(time(since), time(until))
}

impl Scope {
    /// As a filter on the view `requests`.
    pub(super) fn filter(&self) -> Expr {
        let is = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| col(name).eq(lit(value.as_str())))
        };
        let is_any = |name: &str, values: Vec<&String>| {
            (!values.is_empty()).then(|| {
                col(name).in_list(values.into_iter().map(|value| lit(value.as_str())).collect(), false)
            })
        };
        let link = || col("origin").eq(lit("link"));
        let by_origin = if self.links {
            Some(link())
        } else {
            is_any("origin", self.origins.iter().collect()).or_else(|| {
                let is_no_link = || col("origin").is_null().or(col("origin").not_eq(lit("link")));
                self.principal.as_ref().map(|_| is_no_link())
            })
        };
        let conditions = [
            is("principal", &self.principal),
            is("requester", &self.requester),
            is_any("remote_ip", self.addresses.iter().collect()),
            by_origin,
            is("bucket", &self.bucket),
            is("object", &self.object),
            self.action.map(|action| col("action").eq(lit(action))),
        ];
        conditions.into_iter().flatten().fold(between(self.since, self.until), Expr::and)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::profiles;
    use crate::{Session, SessionOptions};

    const OWNER: &str = "5d1c0b2e9f3a4d6788e1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7";
    const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/app";

    /// A request on the first of May, at a minute of the day.
    fn line(minute: u32, address: &str, requester: &str, request: &str, status: &str, auth: &str) -> String {
        format!(
            "{OWNER} data [01/May/2026:00:{minute:02}:00 +0000] {address} {requester} REQ{minute} {request} {status} - 5 5 1 1 \
             \"-\" \"agent\" - HOST SigV4 - {auth} data.s3.eu-west-1.amazonaws.com TLSv1.3 - -\n"
        )
    }

    async fn session() -> (Session, tempfile::TempDir) {
        let get = "REST.GET.OBJECT a%2520b \"GET /a%20b HTTP/1.1\"";
        let list = "REST.GET.BUCKET - \"GET /?list-type=2 HTTP/1.1\"";
        let (one, two) = (format!("{ROLE}/one"), format!("{ROLE}/two"));
        let lines = [
            line(1, "10.0.0.7", &one, get, "200", "AuthHeader"),
            line(2, "203.0.113.9", &one, get, "200", "AuthHeader"),
            line(3, "203.0.113.10", &two, list, "200", "AuthHeader"),
            line(4, "203.0.113.9", &one, get, "200", "QueryString"),
            line(5, "203.0.113.9", "-", get, "403", "-"),
            line(6, "-", "AmazonS3", "S3.EXPIRE.OBJECT a%20b \"-\"", "-", "-"),
        ];
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("log"), lines.concat()).unwrap();
        let inputs = vec![folder.path().to_string_lossy().into_owned()];
        (Session::open(&SessionOptions { inputs, ..SessionOptions::default() }).await.unwrap(), folder)
    }

    /// The view `requests` and the table `logs` give the same selection.
    #[tokio::test]
    async fn filters_select_the_same_of_logs_and_of_requests() {
        let (session, _folder) = session().await;
        let context = session.context();
        profiles::prepare(context, "requests", false).await.unwrap();
        let scope = Scope { until: i64::MAX / 2, ..Scope::default() };
        let app = Scope { principal: Some("111122223333:role/app".into()), ..scope.clone() };
        for (scope, expected) in [
            (app.clone(), 3),
            (Scope { origins: BTreeSet::from(["203.0.113.0/24".to_owned()]), ..app.clone() }, 2),
            (Scope { origins: BTreeSet::from(["private".to_owned()]), ..app.clone() }, 1),
            (Scope { requester: Some(format!("{ROLE}/two")), ..app.clone() }, 1),
            (Scope { addresses: vec!["203.0.113.9".into()], ..app.clone() }, 1),
            (Scope { links: true, object: Some("a b".into()), ..app.clone() }, 1),
            (Scope { object: Some("a%20b".into()), ..app.clone() }, 0),
            (Scope { bucket: Some("other".into()), ..app.clone() }, 0),
            (Scope { until: 0, ..app }, 0),
            (Scope { principal: Some("anonymous".into()), ..scope.clone() }, 1),
            (Scope { action: Some("expire"), ..scope }, 1),
        ] {
            let requests = IncidentRequests(vec![scope]);
            let logs = context.table("logs").await.unwrap();
            let filter = requests.filter_of_logs(context, logs.schema()).unwrap();
            let of_logs = logs.filter(filter).unwrap().count().await.unwrap();
            let view = context.table("requests").await.unwrap();
            let of_view = view.filter(requests.filter()).unwrap().count().await.unwrap();
            assert_eq!((of_logs, of_view), (expected, expected), "{requests:?}");
        }
        assert!(IncidentRequests::default().is_empty());
        let nothing = context.table("requests").await.unwrap().filter(IncidentRequests::default().filter());
        assert_eq!(nothing.unwrap().count().await.unwrap(), 0);
    }
}

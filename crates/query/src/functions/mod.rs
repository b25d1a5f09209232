//! SQL functions for access logs, one topic per file.

mod action;
mod actor;
pub(crate) mod address;
mod agent;
mod arithmetic;
mod count;
mod counted;
mod evidence;
mod histogram;
mod inner;
mod interner;
mod lengths;
mod link;
mod log;
mod once;
mod presto;
mod scalar;
mod size;
mod sum;
#[cfg(test)]
mod test_answer;
mod zone;

pub use self::actor::principal;
pub(crate) use self::address::{PRIVATE, origin};
pub(crate) use self::histogram::hdr_histogram;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::prelude::SessionContext;

/// Registers all functions with a context.
pub fn register_all(context: &SessionContext) {
    let functions = log::FUNCTIONS.into_iter().chain(address::FUNCTIONS).chain(agent::FUNCTIONS);
    for function in functions.chain(actor::FUNCTIONS).chain(action::FUNCTIONS).chain(link::FUNCTIONS) {
        context.register_udf(function.udf());
    }
    context.register_udaf(histogram::hdr_quantile());
    context.register_udaf(hdr_histogram());
    context.register_udaf(count::count());
    context.register_udaf(sum::sum());
    context.register_udf(size::possible_size());
    context.register_udf(counted::COUNTED.udf());
    context.register_udf(arithmetic::checked());
    // This fails only for registries without planners and rewrites; this one supports both.
    let _ = context.state_ref().write().register_expr_planner(Arc::new(arithmetic::Planner));
    let _ = context.state_ref().write().register_function_rewrite(Arc::new(zone::WallClock));
    lengths::register(context);
    context.register_udaf(evidence::evidence());
    context.register_udaf(once::sum_once());
    presto::register(context);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::arrow::util::display::array_value_to_string;

    use super::*;

    /// The value of an SQL expression as text; null as an empty one.
    async fn value(expression: &str) -> Result<String, String> {
        let context = SessionContext::new();
        register_all(&context);
        let frame = context.sql(&format!("SELECT {expression}")).await.map_err(|error| error.to_string())?;
        let batches = frame.collect().await.map_err(|error| error.to_string())?;
        array_value_to_string(batches[0].column(0), 0).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn functions_give_what_they_say() {
        let uri = "'GET /a%20b/c?versionId=3&X-Amz-Date=20260501T100000Z&X-Amz-Expires=60&X-Amz-Algorithm=AWS4-HMAC-SHA256\
                   &X-Amz-Credential=AKIAEXAMPLE%2F20260501%2Feu-west-1%2Fs3%2Faws4_request HTTP/1.1'";
        let role = "'arn:aws:sts::111122223333:assumed-role/etl/i-0abc'";
        for (expression, expected) in [
            ("object_key('a%252Bb%2520c', 'REST.GET.OBJECT')", "a+b c"),
            ("object_key('a%2Bb+c', 'BATCH.DELETE.OBJECT')", "a+b c"),
            ("object_key('a%25FFb', 'REST.GET.OBJECT')", "a\\xFFb"),
            ("object_key(NULL, 'REST.GET.OBJECT')", ""),
            (&format!("uri_method({uri})"), "GET"),
            (&format!("uri_path({uri})"), "/a%20b/c"),
            (&format!("uri_param({uri}, 'VERSIONID')"), "3"),
            (&format!("uri_param({uri}, 'nothing')"), ""),
            (&format!("presigned_expires({uri})"), "2026-05-01T10:01:00Z"),
            (&format!("access_key_id({uri})"), "AKIAEXAMPLE"),
            ("presigned_expires('GET /a HTTP/1.1')", ""),
            ("uri_query('GET /a HTTP/1.1')", ""),
            (&format!("principal_type({role})"), "assumed_role"),
            (&format!("account_id({role})"), "111122223333"),
            (&format!("role_name({role})"), "etl"),
            (&format!("session_name({role})"), "i-0abc"),
            ("principal_type(NULL)", "anonymous"),
            ("is_anonymous(NULL)", "true"),
            ("account_id('AmazonS3')", ""),
            ("api_name('REST.GET.OBJECT', 'k')", "GetObject"),
            ("is_private_ip('10.0.0.1')", "true"),
            ("is_private_ip('no address')", ""),
            ("ip_in('2001:db8::7', '2001:db8::/32')", "true"),
            ("ip_in('198.51.100.7', '198.51.100.8')", "false"),
            ("ip_in(NULL, '10.0.0.0/8')", ""),
            ("ip_in('203.0.113.9', '198.51.100.9/32,203.0.113.0/24')", "true"),
            ("ip_in('203.0.113.9', '198.51.100.9 , 203.0.113.9')", "true"),
            ("ip_in('203.0.114.9', '198.51.100.9/32,203.0.113.0/24')", "false"),
            ("ip_network('198.51.100.77')", "198.51.100.0/24"),
            ("ip_network('2001:db8:1:2:3::7')", "2001:db8:1:2::/64"),
            ("ip_network('::ffff:198.51.100.77')", "198.51.100.0/24"),
            ("ip_network('no address')", ""),
            (&format!("principal({role})"), "111122223333:role/etl"),
            ("principal(NULL)", "anonymous"),
            ("is_aws_service('AmazonS3')", "true"),
            ("is_robot(NULL)", "false"),
            ("action('REST.COPY.OBJECT_GET', NULL)", "read"),
            ("action('REST.GET.OBJECT', 206)", "read"),
            ("is_read('REST.GET.OBJECT', 403)", "false"),
            ("is_write('REST.POST.UPLOAD', arrow_cast(200, 'Int16'))", "true"),
            ("is_denied(403)", "true"),
            ("destination_bucket('stage.s3.eu-west-1.amazonaws.com', NULL)", "stage"),
            (&format!("presigned_lifetime({uri}, TIMESTAMP '2026-05-01T10:00:30Z')"), "60"),
            ("tls_rank('TLSv1.1')", "11"),
            ("possible_size(0)", "0"),
            ("possible_size(54975581388800)", "54975581388800"),
            ("possible_size(54975581388801)", ""),
            ("possible_size(-1)", ""),
            ("possible_size(NULL)", ""),
            ("counted(1, 'key')", "1 key"),
            ("counted(2779, 'address')", "2,779 addresses"),
            ("counted(NULL, 'key')", ""),
            ("counted(-1, 'key')", ""),
            ("agent_family('aws-cli/2.17')", "aws-cli"),
            ("log_file_time('a/2026-05-01-10-20-30-0123456789ABCDEF.gz')", "2026-05-01T10:20:30Z"),
            ("log_file_time('a/log.gz')", ""),
        ] {
            assert_eq!(value(expression).await.as_deref(), Ok(expected), "{expression}");
        }
    }

    /// Groups, filters, nulls, two phases, and more groups than one batch has rows.
    #[tokio::test]
    async fn distinct_texts_are_counted_as_datafusion_counts_them() {
        let text = "CASE WHEN n % 11 = 0 THEN NULL ELSE 'text ' || (n * n % 977) END";
        let sql = format!(
            "SELECT n % 4001 AS g, count(DISTINCT t) AS a, count(DISTINCT t) FILTER (WHERE n % 3 = 0) AS b, count(t) AS c,
                    count(*) AS d, count(DISTINCT n % 7) AS e, count(DISTINCT arrow_cast(t, 'Utf8View')) AS f, min(t) AS m
             FROM (SELECT n, {text} AS t FROM (SELECT unnest(generate_series(1, 60000)) AS n)) GROUP BY 1 ORDER BY 1"
        );
        let mut answers = Vec::new();
        for is_ours in [false, true] {
            let config =
                datafusion::prelude::SessionConfig::new().with_target_partitions(3).with_batch_size(1000);
            let context = SessionContext::new_with_config(config);
            if is_ours {
                register_all(&context);
            }
            let batches = context.sql(&sql).await.unwrap().collect().await.unwrap();
            answers
                .push(datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string());
            let whole = format!(
                "SELECT count(DISTINCT t) FROM (SELECT {text} AS t FROM (SELECT unnest(generate_series(1, 60000)) AS n))"
            );
            let batches = context.sql(&whole).await.unwrap().collect().await.unwrap();
            answers.push(array_value_to_string(batches[0].column(0), 0).unwrap());
        }
        assert!(answers[0].lines().count() > 4001);
        assert_eq!(answers[..2], answers[2..]);
    }

    #[tokio::test]
    async fn an_invalid_network_is_an_error() {
        for (networks, wrong) in [("ten", "ten"), ("10.0.0.0/8,ten", "ten"), ("10.0.0.0/8,", ""), ("", "")] {
            let problem = value(&format!("ip_in('10.0.0.1', '{networks}')")).await.unwrap_err();
            assert!(problem.contains(&format!("{wrong:?} is not a network")), "{networks}: {problem}");
        }
    }
}

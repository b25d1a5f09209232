//! Presto's functions, as they are called in SQL.

use datafusion::arrow::util::display::array_value_to_string;
use datafusion::prelude::SessionContext;

async fn value(sql: &str) -> Result<String, String> {
    let context = SessionContext::new();
    crate::functions::register_all(&context);
    let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    array_value_to_string(batches[0].column(0), 0).map_err(|error| error.to_string())
}

#[tokio::test]
async fn functions_give_what_they_say() {
    let time = "TIMESTAMP '2019-02-06T13:04:05Z'";
    for (expression, expected) in [
        ("parse_datetime('06/Feb/2019:00:00:38 +0000', 'dd/MMM/yyyy:HH:mm:ss Z')", "2019-02-06T00:00:38Z"),
        ("parse_datetime(NULL, 'yyyy')", ""),
        ("date_parse('2019-02-06 00:00:38', '%Y-%m-%d %H:%i:%s')", "2019-02-06T00:00:38Z"),
        (&format!("date_format({time}, '%Y-%m-%d %H:%i')"), "2019-02-06 13:04"),
        (&format!("format_datetime({time}, 'yyyy-MM-dd''T''HH')"), "2019-02-06T13"),
        ("date_format(DATE '2019-02-06', '%W')", "Wednesday"),
        (&format!("log_time({time})"), "06/Feb/2019:13:04:05 +0000"),
        ("from_iso8601_timestamp('2019-02-06T13:04:05+01:00')", "2019-02-06T12:04:05Z"),
        ("from_iso8601_timestamp('2019-02-06')", "2019-02-06T00:00:00Z"),
        ("from_unixtime(1549411238)", "2019-02-06T00:00:38"),
        ("date_add('month', 1, TIMESTAMP '2024-01-31T00:00:00Z')", "2024-02-29T00:00:00Z"),
        ("date_add('hour', -25, DATE '2024-03-01')", "2024-02-28T23:00:00Z"),
        ("date_diff('day', DATE '2024-03-02', DATE '2024-02-28')", "-3"),
        ("date_diff('month', DATE '2024-01-31', DATE '2024-02-28')", "0"),
        ("date_diff('month', DATE '2024-01-31', DATE '2024-02-29')", "1"),
        ("date_diff('year', DATE '2024-06-01', DATE '2020-07-01')", "-3"),
        (&format!("date({time}) = DATE '2019-02-06'"), "true"),
        (&format!("year({time}) * 10000 + month({time}) * 100 + day({time})"), "20190206"),
        (&format!("hour({time}) * 10000 + minute({time}) * 100 + second({time})"), "130405"),
        (&format!("day_of_week({time}) + 10 * week({time}) + 1000 * quarter({time})"), "1063"),
        ("url_decode('a%2Bb+c%FF')", "a+b c\u{fffd}"),
        ("url_decode('100%')", "100%"),
        ("url_encode('a b/c')", "a+b%2Fc"),
        ("url_extract_protocol('\"https://Example.org/x\"')", "https"),
        ("url_extract_host('https://Example.org:8443/x?q=1')", "example.org"),
        ("url_extract_path('https://example.org/a%20b?q=1')", "/a b"),
        ("url_extract_query('https://example.org/?q=a%20b&r')", "q=a%20b&r"),
        ("url_extract_parameter('https://example.org/?q=a%20b&q=2', 'q')", "a b"),
        ("url_extract_host('-')", ""),
        ("regexp_extract('GET /b/k?prefix=x%2F&y HTTP/1.1', 'prefix=([^& ]*)', 1)", "x%2F"),
        ("regexp_extract('abc123', '[0-9]+')", "123"),
        ("regexp_extract('abc', '[0-9]+')", ""),
        ("regexp_like('Bytes/1.0', '^[A-Z]')", "true"),
        ("element_at(split('a/b/c', '/'), 2)", "b"),
        ("cardinality(split('a/b/c', '/'))", "3"),
        ("split_part('a/b/c', '/', 3)", "c"),
        ("strpos('abc', 'c')", "3"),
        ("TRY(CAST('-' AS bigint))", ""),
        ("TRY_CAST('7' AS bigint)", "7"),
        ("TRY(parse_datetime('no time', 'yyyy'))", ""),
        ("TRY(7)", "7"),
        ("TRY(1/0)", ""),
        ("TRY(7 % 0)", ""),
        ("TRY(7 / 2)", "3"),
        ("TRY(1.0 / 4)", "0.25"),
        ("TRY(9223372036854775807 + 1)", ""),
        ("contains('198.51.100.0/24', '198.51.100.24')", "true"),
        ("contains('198.51.100.0/24', '198.51.101.24')", "false"),
        ("contains('abc', 'b')", "true"),
        ("contains(NULL, 'b')", ""),
        ("TIMESTAMP '2024-03-01T00:00:00Z' - interval '1' day", "2024-02-29T00:00:00"),
        ("current_timestamp > date_parse('2020', '%Y')", "true"),
    ] {
        let result = value(&format!("SELECT {expression}")).await;
        assert_eq!(result.as_deref(), Ok(expected), "{expression}");
    }
}

/// 23:30 of the 28th in UTC is 08:30 of the 29th in Tokyo; in Berlin, clocks go forward at 01:00Z on the 29th.
#[tokio::test]
async fn functions_work_in_the_zone_of_the_time() {
    let tokyo = "(from_iso8601_timestamp('2026-03-28T23:30:00Z') AT TIME ZONE 'Asia/Tokyo')";
    let berlin = "(from_iso8601_timestamp('2026-03-28T23:30:00Z') AT TIME ZONE 'Europe/Berlin')";
    let parsed =
        "(parse_datetime('28/Mar/2026:23:30:00 +0000', 'dd/MMM/yyyy:HH:mm:ss Z') AT TIME ZONE 'Asia/Tokyo')";
    for (expression, expected) in [
        (format!("date({parsed})"), "2026-03-29"),
        (format!("CAST({parsed} AS date)"), "2026-03-29"),
        (format!("hour({parsed})"), "8"),
        (format!("extract(hour FROM {parsed})"), "8"),
        (format!("date_part('hour', {parsed})"), "8"),
        (format!("day({tokyo}) * 100 + day_of_week({tokyo})"), "2907"),
        (format!("minute({tokyo})"), "30"),
        (
            "year(from_iso8601_timestamp('2025-12-31T23:30:00Z') AT TIME ZONE 'Asia/Tokyo')".to_string(),
            "2026",
        ),
        ("month(from_iso8601_timestamp('2025-12-31T23:30:00Z') AT TIME ZONE 'Asia/Tokyo')".to_string(), "1"),
        (format!("date_format({tokyo}, '%Y-%m-%d %H:%i')"), "2026-03-29 08:30"),
        (format!("format_datetime({tokyo}, 'yyyy-MM-dd HH:mm Z')"), "2026-03-29 08:30 +0900"),
        (format!("to_char({tokyo}, '%Y-%m-%d %H:%M')"), "2026-03-29 08:30"),
        (format!("date_trunc('day', {tokyo})"), "2026-03-29T00:00:00+09:00"),
        (format!("CAST({tokyo} AS timestamp)"), "2026-03-29T08:30:00"),
        (format!("log_time({tokyo})"), "28/Mar/2026:23:30:00 +0000"),
        (format!("date_add('day', 1, {berlin})"), "2026-03-30T00:30:00+02:00"),
        (format!("date_add('hour', 24, {berlin})"), "2026-03-30T01:30:00+02:00"),
        (format!("date_add('month', 1, {berlin})"), "2026-04-29T00:30:00+02:00"),
        (format!("date_diff('day', {berlin}, from_iso8601_timestamp('2026-03-29T22:30:00Z'))"), "1"),
        (format!("date_diff('hour', {berlin}, from_iso8601_timestamp('2026-03-29T22:30:00Z'))"), "23"),
    ] {
        let result = value(&format!("SELECT {expression}")).await;
        assert_eq!(result.as_deref(), Ok(expected), "{expression}");
    }
}

#[tokio::test]
async fn columns_are_as_literals() {
    let rows = "(VALUES ('2024-01-31', 'yyyy-MM-dd', '%Y'), ('01/2024', 'MM/yyyy', '%m'), (NULL, 'yyyy', NULL)) \
                AS t (text, pattern, format)";
    let sql = format!("SELECT array_agg(date_format(parse_datetime(text, pattern), format)) FROM {rows}");
    assert_eq!(value(&sql).await.as_deref(), Ok("[2024, 01, ]"));
    let sql = format!("SELECT array_agg(regexp_extract(text, '([0-9]+)[/-]', 1)) FROM {rows}");
    assert_eq!(value(&sql).await.as_deref(), Ok("[2024, 01, ]"));
    let sql = format!("SELECT array_agg(TRY(CAST(text AS date))) FROM {rows}");
    assert_eq!(value(&sql).await.as_deref(), Ok("[2024-01-31, , ]"));
}

#[tokio::test]
async fn aggregates_give_what_they_say() {
    let rows = "(VALUES (1, 'a', 0.5), (7, 'b', 1.5), (NULL, 'c', 2.5), (3, 'd', NULL)) AS t (n, s, f)";
    for (expression, expected) in [
        ("count_if(n > 2)", "2"),
        ("count_if(n > 2) FILTER (WHERE s <> 'b')", "1"),
        ("max_by(s, n)", "b"),
        ("min_by(s, n)", "a"),
        ("max_by(s, n) FILTER (WHERE n < 7)", "d"),
        ("approx_percentile(n, 0.5)", "3"),
        ("approx_percentile(f, 0.5)", "1.5"),
        ("arbitrary(n) IS NOT NULL", "true"),
        ("bool_or(n > 6)", "true"),
        ("approx_distinct(s)", "4"),
        ("hdr_quantile(n, 1)", "7"),
        ("hdr_quantile(n, 0.5) FILTER (WHERE n > 99)", ""),
        ("hdr_histogram(n) LIKE 'HISTFAAA%'", "true"),
    ] {
        assert_eq!(
            value(&format!("SELECT {expression} FROM {rows}")).await.as_deref(),
            Ok(expected),
            "{expression}"
        );
    }
}

#[tokio::test]
async fn invalid_calls_have_plain_errors() {
    for (expression, problem) in [
        ("parse_datetime('2019-07-01', 'yyyy-MM-dd:HH')", "does not match the time pattern"),
        ("parse_datetime('2019', 'yyyy-QQ')", "QQ of \"yyyy-QQ\" is not supported"),
        ("parse_datetime('2019')", "parse_datetime takes text, pattern"),
        ("parse_datetime(2019, 'yyyy')", "should be a Text"),
        ("date_add('eon', 1, now())", "\"eon\" is not a unit"),
        ("regexp_extract('a', '(')", "regexp_extract: regex parse error"),
        ("regexp_extract('a', 'a', 1)", "has no group 1"),
        ("regexp_extract('a', 'a{1000}{1000}{1000}')", "size limit"),
        ("hdr_quantile(1, 1.5)", "q must be a literal from 0 to 1"),
        ("hdr_quantile(column1, column1) FROM (VALUES (1))", "q must be a literal from 0 to 1"),
        ("hdr_quantile(1.5, 0.5)", "takes integers"),
        ("hdr_histogram(-1)", "no values below 0"),
        ("max_by(1)", "max_by takes two values"),
    ] {
        let result = value(&format!("SELECT {expression}")).await.unwrap_err();
        assert!(result.contains(problem), "{expression}: {result}");
    }
}

/// Rows in two partitions, and by group and without: the answers are the same.
#[tokio::test]
async fn quantiles_do_not_depend_on_the_partitions() {
    let mut answers = Vec::new();
    for partitions in [1, 2, 7] {
        let config =
            datafusion::prelude::SessionConfig::new().with_target_partitions(partitions).with_batch_size(100);
        let context = SessionContext::new_with_config(config);
        crate::functions::register_all(&context);
        let sql = "SELECT value % 3 AS g, hdr_quantile(value * value, 0.5) AS a, hdr_quantile(value * value, 0.999) AS b, \
                   hdr_histogram(value) AS c FROM range(0, 5000) GROUP BY 1 ORDER BY 1";
        let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
        answers.push(datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string());
    }
    assert!(
        answers[0].lines().count() == 7 && answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}

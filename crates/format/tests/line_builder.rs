//! The line builder that other tests use writes the same as S3.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::line_builder::{LineBuilder, NullStyle, format_time};
use saltmine_format::{Field, parse_time};

#[test]
fn nulls_are_written_in_either_style() {
    let mut line = LineBuilder::new();
    line.fields(17).set_time(0);
    assert_eq!(line.to_bytes(), br#"- - [01/Jan/1970:00:00:00 +0000] - - - - - "-" - - - - - - "-" "-""#);
    for field in [Field::RequestUri, Field::Referer, Field::UserAgent, Field::Key] {
        line.null_style(field, NullStyle::Bare);
    }
    assert_eq!(line.to_bytes(), b"- - [01/Jan/1970:00:00:00 +0000] - - - - - - - - - - - - - -");
    line.set(Field::UserAgent, "");
    assert!(line.to_bytes().ends_with(b" - \"\""));
}

#[test]
fn tail_token_and_extra() {
    let mut line = LineBuilder::new();
    line.set_time(0).set(Field::VersionId, "v").set(Field::HostId, "h=").rollout_token("AIDAEXAMPLE");
    line.extra("more \"to come\"");
    let text = line.to_bytes();
    assert!(text.ends_with(b" \"-\" v AIDAEXAMPLE h= - - - - - - - - more \"to come\""));
    line.fields(18);
    assert!(line.to_bytes().ends_with(b" \"-\" v more \"to come\""));
    line.fields(99);
    assert_eq!(line.to_bytes(), text);
}

#[test]
fn written_times_are_read_back() {
    for seconds in
        (-2_000_000_000..4_000_000_000).step_by(86_399 * 37).chain([0, -1, 951_782_399, 951_868_800])
    {
        assert_eq!(parse_time(format_time(seconds).as_bytes()), Some(seconds));
    }
    assert_eq!(format_time(1_549_411_238), "06/Feb/2019:00:00:38 +0000");
    assert_eq!(format_time(i64::MAX), "31/Dec/9999:23:59:59 +0000");
    assert_eq!(format_time(i64::MIN), "01/Jan/0000:00:00:00 +0000");
}

#[test]
fn a_record_is_written_as_in_the_aws_example() {
    let mut line = LineBuilder::new();
    line.set(Field::Bucket, "my-data-bucket").set_time(1_777_473_136);
    line.set(Field::Operation, "REST.GET.OBJECT").set_number(Field::HttpStatus, 200);
    line.set(Field::UserAgent, "a \"b\"").set(Field::AclRequired, "Yes");
    let json = String::from_utf8(line.to_json()).unwrap();
    assert!(json.starts_with(
        "{\"schema_version_id\":\"V_1_0\",\"bucket_arn\":\"arn:aws:s3:::my-data-bucket\",\
         \"bucket_name\":\"my-data-bucket\",\"request_time\":\"2026-04-29T14:32:16.000Z\",\
         \"bucket_owner_id\":null,"
    ));
    assert!(json.contains("\"http_status\":200,\"error_code\":null,\"bytes_sent_size\":null,"));
    assert!(json.contains("\"user_agent\":\"a \\\"b\\\"\","));
    assert!(json.ends_with("\"acl_required\":true,\"source_region\":null}"));
}

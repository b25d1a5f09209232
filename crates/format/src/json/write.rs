//! From values to a line of JSON: the inverse of reading, for tests.

use super::names::{MEMBERS, Member};
use crate::Field;
use crate::render::{Line, civil_from_days};
use crate::time::parse_time;

impl Line<'_> {
    /// The record as a JSON object, without a line end: all members, in AWS's order, as AWS's example has them. Text that is
    /// not UTF-8 has U+FFFD in its place. What a line of text has besides its fields is not written.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        for (at, (name, member)) in MEMBERS.iter().enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            match member {
                Member::SchemaVersion => out.extend_from_slice(b"\"V_1_0\""),
                Member::BucketArn => match self.get(Field::Bucket) {
                    Some(bucket) => text(&mut out, &[b"arn:aws:s3:::", bucket].concat()),
                    None => out.extend_from_slice(b"null"),
                },
                Member::Field(field) => self.json_value(*field, &mut out),
            }
        }
        out.push(b'}');
        out
    }

    fn json_value(&self, field: Field, out: &mut Vec<u8>) {
        match (field, self.get(field)) {
            (Field::AclRequired, value) => {
                out.extend_from_slice(if value == Some(b"Yes") { b"true" } else { b"false" });
            }
            (_, None) => out.extend_from_slice(b"null"),
            (Field::RequestTime, Some(value)) => text(out, &iso_time(value)),
            (_, Some(value)) if field.is_number() || field == Field::HttpStatus => {
                out.extend_from_slice(value);
            }
            (_, Some(value)) => text(out, value),
        }
    }
}

fn text(out: &mut Vec<u8>, value: &[u8]) {
    let quoted = serde_json::Value::from(String::from_utf8_lossy(value)).to_string();
    out.extend_from_slice(quoted.as_bytes());
}

/// `2026-04-29T14:32:16.000Z` for a time as a line of text has it; any other text stays as it is.
fn iso_time(value: &[u8]) -> Vec<u8> {
    let Some(seconds) = parse_time(value) else { return value.to_vec() };
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_written_as_in_aws_s_example() {
        let mut line = Line::new();
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
}

//! Renders values as a line of JSON: the inverse of parsing.

use saltmine_format::{Field, parse_time};

use super::line_builder::{LineBuilder, civil_from_days};

/// The members that are fields, in AWS's order.
const MEMBERS: [(&str, Field); 27] = [
    ("bucket_name", Field::Bucket),
    ("request_time", Field::RequestTime),
    ("bucket_owner_id", Field::BucketOwner),
    ("remote_ip", Field::RemoteIp),
    ("requester", Field::Requester),
    ("request_id", Field::RequestId),
    ("operation", Field::Operation),
    ("key_name", Field::Key),
    ("request_uri", Field::RequestUri),
    ("http_status", Field::HttpStatus),
    ("error_code", Field::ErrorCode),
    ("bytes_sent_size", Field::BytesSent),
    ("object_size", Field::ObjectSize),
    ("total_duration", Field::TotalTime),
    ("turn_around_duration", Field::TurnAroundTime),
    ("referer", Field::Referer),
    ("user_agent", Field::UserAgent),
    ("version_id", Field::VersionId),
    ("host_id", Field::HostId),
    ("signature_version", Field::SignatureVersion),
    ("cipher_suite", Field::CipherSuite),
    ("authentication_type", Field::AuthenticationType),
    ("host_header", Field::HostHeader),
    ("tls_version", Field::TlsVersion),
    ("access_point_arn", Field::AccessPointArn),
    ("acl_required", Field::AclRequired),
    ("source_region", Field::SourceRegion),
];

impl LineBuilder<'_> {
    /// The record as a JSON object, without a line ending: all members, in AWS's order, as in AWS's example.
    /// Invalid UTF-8 is replaced by U+FFFD. Text beyond the fields of the line is not written.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(b"{\"schema_version_id\":\"V_1_0\",\"bucket_arn\":");
        match self.get(Field::Bucket) {
            Some(bucket) => text(&mut out, &[b"arn:aws:s3:::", bucket].concat()),
            None => out.extend_from_slice(b"null"),
        }
        for (name, field) in MEMBERS {
            out.extend_from_slice(format!(",\"{name}\":").as_bytes());
            self.json_value(field, &mut out);
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

/// `2026-04-29T14:32:16.000Z` for a time from a line of text; any other text is unchanged.
fn iso_time(value: &[u8]) -> Vec<u8> {
    let Some(seconds) = parse_time(value) else { return value.to_vec() };
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z").into_bytes()
}

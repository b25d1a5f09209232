//! The members of an object, in AWS's order.

use crate::Field;

/// A known member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// A column.
    Field(Field),
    /// The schema version, so far always `V_1_0`.
    SchemaVersion,
    /// `arn:aws:s3:::` followed by the bucket.
    BucketArn,
}

/// The names as they appear in a line, including their quotes.
pub(super) const MEMBERS: [(&str, Member); 29] = [
    ("\"schema_version_id\"", Member::SchemaVersion),
    ("\"bucket_arn\"", Member::BucketArn),
    ("\"bucket_name\"", Member::Field(Field::Bucket)),
    ("\"request_time\"", Member::Field(Field::RequestTime)),
    ("\"bucket_owner_id\"", Member::Field(Field::BucketOwner)),
    ("\"remote_ip\"", Member::Field(Field::RemoteIp)),
    ("\"requester\"", Member::Field(Field::Requester)),
    ("\"request_id\"", Member::Field(Field::RequestId)),
    ("\"operation\"", Member::Field(Field::Operation)),
    ("\"key_name\"", Member::Field(Field::Key)),
    ("\"request_uri\"", Member::Field(Field::RequestUri)),
    ("\"http_status\"", Member::Field(Field::HttpStatus)),
    ("\"error_code\"", Member::Field(Field::ErrorCode)),
    ("\"bytes_sent_size\"", Member::Field(Field::BytesSent)),
    ("\"object_size\"", Member::Field(Field::ObjectSize)),
    ("\"total_duration\"", Member::Field(Field::TotalTime)),
    ("\"turn_around_duration\"", Member::Field(Field::TurnAroundTime)),
    ("\"referer\"", Member::Field(Field::Referer)),
    ("\"user_agent\"", Member::Field(Field::UserAgent)),
    ("\"version_id\"", Member::Field(Field::VersionId)),
    ("\"host_id\"", Member::Field(Field::HostId)),
    ("\"signature_version\"", Member::Field(Field::SignatureVersion)),
    ("\"cipher_suite\"", Member::Field(Field::CipherSuite)),
    ("\"authentication_type\"", Member::Field(Field::AuthenticationType)),
    ("\"host_header\"", Member::Field(Field::HostHeader)),
    ("\"tls_version\"", Member::Field(Field::TlsVersion)),
    ("\"access_point_arn\"", Member::Field(Field::AccessPointArn)),
    ("\"acl_required\"", Member::Field(Field::AclRequired)),
    ("\"source_region\"", Member::Field(Field::SourceRegion)),
];

/// The index of a name in [`MEMBERS`]. `likely` is tried first: members usually come in AWS's order.
#[inline]
pub(super) fn find(name: &str, likely: usize) -> Option<usize> {
    let is_it = |(known, _): &(&str, Member)| *known == name;
    if MEMBERS.get(likely).is_some_and(is_it) { Some(likely) } else { MEMBERS.iter().position(is_it) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_one_name() {
        for field in Field::ALL {
            assert_eq!(MEMBERS.iter().filter(|(_, member)| *member == Member::Field(field)).count(), 1);
        }
        for (at, (name, _)) in MEMBERS.iter().enumerate() {
            assert_eq!((find(name, at), find(name, 0), find(name, 99)), (Some(at), Some(at), Some(at)));
        }
        assert_eq!(find("bucket_name", 2), None);
    }
}

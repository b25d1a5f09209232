//! The fields of a line, in the order in which S3 writes them. Every list of field names is generated from
//! this one.

/// A field of an S3 server access log line.
///
/// Order and meaning follow the page "Amazon S3 server access log format" of the S3 user guide. Names are
/// AWS's field names in snake case (`Time` is `request_time`, as in AWS's structured delivery of the same
/// logs).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)] // the names are AWS's; `Field::name` and the schema describe them
pub enum Field {
    BucketOwner,
    Bucket,
    RequestTime,
    RemoteIp,
    Requester,
    RequestId,
    Operation,
    Key,
    RequestUri,
    HttpStatus,
    ErrorCode,
    BytesSent,
    ObjectSize,
    TotalTime,
    TurnAroundTime,
    Referer,
    UserAgent,
    VersionId,
    HostId,
    SignatureVersion,
    CipherSuite,
    AuthenticationType,
    HostHeader,
    TlsVersion,
    AccessPointArn,
    AclRequired,
    SourceRegion,
}

impl Field {
    /// The number of known fields.
    pub const COUNT: usize = 27;

    /// The number of head fields, up to the key. S3 writes all but the key itself, and they must be valid;
    /// the client chooses the key, which AWS documents as URL-encoded, and it may be missing.
    pub const HEAD: usize = 8;

    /// All fields, in line order.
    pub const ALL: [Field; Field::COUNT] = [
        Field::BucketOwner,
        Field::Bucket,
        Field::RequestTime,
        Field::RemoteIp,
        Field::Requester,
        Field::RequestId,
        Field::Operation,
        Field::Key,
        Field::RequestUri,
        Field::HttpStatus,
        Field::ErrorCode,
        Field::BytesSent,
        Field::ObjectSize,
        Field::TotalTime,
        Field::TurnAroundTime,
        Field::Referer,
        Field::UserAgent,
        Field::VersionId,
        Field::HostId,
        Field::SignatureVersion,
        Field::CipherSuite,
        Field::AuthenticationType,
        Field::HostHeader,
        Field::TlsVersion,
        Field::AccessPointArn,
        Field::AclRequired,
        Field::SourceRegion,
    ];

    /// The column name.
    pub const fn name(self) -> &'static str {
        match self {
            Field::BucketOwner => "bucket_owner",
            Field::Bucket => "bucket",
            Field::RequestTime => "request_time",
            Field::RemoteIp => "remote_ip",
            Field::Requester => "requester",
            Field::RequestId => "request_id",
            Field::Operation => "operation",
            Field::Key => "key",
            Field::RequestUri => "request_uri",
            Field::HttpStatus => "http_status",
            Field::ErrorCode => "error_code",
            Field::BytesSent => "bytes_sent",
            Field::ObjectSize => "object_size",
            Field::TotalTime => "total_time",
            Field::TurnAroundTime => "turn_around_time",
            Field::Referer => "referer",
            Field::UserAgent => "user_agent",
            Field::VersionId => "version_id",
            Field::HostId => "host_id",
            Field::SignatureVersion => "signature_version",
            Field::CipherSuite => "cipher_suite",
            Field::AuthenticationType => "authentication_type",
            Field::HostHeader => "host_header",
            Field::TlsVersion => "tls_version",
            Field::AccessPointArn => "access_point_arn",
            Field::AclRequired => "acl_required",
            Field::SourceRegion => "source_region",
        }
    }

    /// The position in the line, counted from 0.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether S3 quotes the field. The quoted text comes from the client and is not escaped.
    pub const fn is_quoted(self) -> bool {
        matches!(self, Field::RequestUri | Field::Referer | Field::UserAgent)
    }

    /// Whether the field counts bytes or milliseconds.
    pub const fn is_number(self) -> bool {
        matches!(self, Field::BytesSent | Field::ObjectSize | Field::TotalTime | Field::TurnAroundTime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_in_line_order() {
        for (index, field) in Field::ALL.iter().enumerate() {
            assert_eq!(field.index(), index);
        }
        assert_eq!(Field::ALL[Field::HEAD - 1], Field::Key);
    }
}

//! A one-sentence description of each column: for `saltmine schema`, table definitions and documentation.

use saltmine_format::Field;

use crate::schema::Column;

impl Column {
    /// Meaning, units, and what null means. Based on the pages "Amazon S3 server access log format" and
    /// "Logging requests with server access logging" of the S3 user guide.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Field(field) => describe(field),
            Self::Extra => {
                "Text after the last known field, verbatim; in JSON, an object of the unknown members; usually null"
            }
            Self::Anomaly => {
                "Anomalies of the line, as comma-separated labels (embedded_quote, ambiguous_quotes, misaligned, \
                 short, extra_fields, invalid_utf8, bad_number, spaces); null for a clean line"
            }
            Self::Raw => "The whole line, verbatim, if anomaly is not null; otherwise null",
            Self::LogFile => "Path of the source file, relative to the given folder",
            Self::LogLine => "Number of the line in the decompressed file, from 1",
            Self::EventDate => "UTC date of request_time; the partition column of a dataset",
        }
    }
}

const fn describe(field: Field) -> &'static str {
    match field {
        Field::BucketOwner => "Canonical user id of the owner of the bucket",
        Field::Bucket => "Bucket that the request was processed against",
        Field::RequestTime => "When S3 received the request, UTC; lines of text have whole seconds",
        Field::RemoteIp => {
            "Apparent address of the client, IPv4 or IPv6; proxies may hide it. Null for requests of AWS's own services"
        }
        Field::Requester => {
            "Requester: ARN of a user or role session, canonical user id, or service. Null: not signed (anonymous)"
        }
        Field::RequestId => {
            "Id that S3 gave the request; several records may share it (batch deletes, copies)"
        }
        Field::Operation => {
            "Operation, such as REST.GET.OBJECT, WEBSITE.GET.OBJECT, BATCH.DELETE.OBJECT or S3.EXPIRE.OBJECT"
        }
        Field::Key => {
            "Object name as logged: percent-encoded, by most operations twice. Null: the request names no object"
        }
        Field::RequestUri => {
            "Request line as the client sent it, without the outer quotes; null for internal operations"
        }
        Field::HttpStatus => "HTTP status of the response; null for internal operations",
        Field::ErrorCode => "S3 error code, such as AccessDenied; null: no error",
        Field::BytesSent => "Bytes of the response without HTTP overhead; null: none sent",
        Field::ObjectSize => {
            "Size of the whole object in bytes (of a part for REST.PUT.PART); null: not applicable"
        }
        Field::TotalTime => "Milliseconds from receipt of the request to the last byte of the response",
        Field::TurnAroundTime => {
            "Milliseconds that S3 spent on the request, from its last byte to the first byte of the response"
        }
        Field::Referer => "HTTP referer as the client sent it; null: none",
        Field::UserAgent => "HTTP user agent as the client sent it; null: none",
        Field::VersionId => "Version id in the request; null: none requested",
        Field::HostId => "Extended request id (x-amz-id-2); in logs since March 2019",
        Field::SignatureVersion => "SigV2 or SigV4; null: not signed",
        Field::CipherSuite => "TLS cipher suite; null: plain HTTP",
        Field::AuthenticationType => {
            "AuthHeader for a signed header, QueryString for a presigned URL; null: not signed"
        }
        Field::HostHeader => "Host header: the endpoint used; chosen by the client",
        Field::TlsVersion => "TLS version, such as TLSv1.2; null: plain HTTP",
        Field::AccessPointArn => "ARN of the access point used; null: none",
        Field::AclRequired => "Yes: the request needed an ACL to be allowed; null: it did not",
        Field::SourceRegion => "AWS Region that the request came from; null: unknown, or outside AWS",
    }
}

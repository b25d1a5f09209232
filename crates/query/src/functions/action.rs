//! What a request did: one classification of operations and statuses, so that queries need no lists of their own.

use std::borrow::Cow;

use saltmine_format::operation::OperationClass;

use super::scalar::{Body, TextFunction};

const ARGUMENTS: &[&str] = &["operation", "http_status"];

/// A boolean function of what a request did.
macro_rules! predicate {
    ($name:literal, $help:literal, $does:expr) => {
        TextFunction {
            name: $name,
            arguments: ARGUMENTS,
            help: ($help, concat!($name, "(operation, http_status)")),
            null_is: Some("-"),
            body: Body::Truth(|args| {
                let does: fn(&str) -> bool = $does;
                Ok(Some(action(args[0], args[1]).is_some_and(does)))
            }),
        }
    };
}

/// All functions.
pub(super) const FUNCTIONS: [TextFunction; 8] = [
    TextFunction {
        name: "action",
        arguments: ARGUMENTS,
        help: (
            "What a request did: read, list, inspect, write, write_part, delete, expire, tag, restore, settings_read, \
             settings_change, access_change, bucket_create, bucket_delete, service; null if it failed, or if \
             other rows record it (the call of a DeleteObjects)",
            "action(operation, http_status)",
        ),
        null_is: Some("-"),
        body: Body::Text(|args| action(args[0], args[1]).map(Cow::Borrowed)),
    },
    predicate!(
        "is_read",
        "Whether object data was read: GETs, including those of websites, and sources of copies with status 2xx or `-`",
        |action| action == "read"
    ),
    predicate!(
        "is_write",
        "Whether an object was written: by PUT, form POST, copy or the completion of a multipart upload. Parts do not \
         count",
        |action| action == "write"
    ),
    predicate!(
        "is_delete",
        "Whether a request deleted a key or version, one row per key; includes keys that did not exist",
        |action| action == "delete"
    ),
    predicate!("is_list", "Whether objects, versions, uploads or parts were listed", |action| action
        == "list"),
    predicate!("is_settings_read", "Whether a bucket setting was read or found to be unset", |action| action
        == "settings_read"),
    predicate!(
        "is_settings_change",
        "Whether a bucket or one of its settings, including access settings, was created, changed or removed",
        |action| matches!(action, "settings_change" | "access_change" | "bucket_create" | "bucket_delete")
    ),
    TextFunction {
        name: "is_denied",
        arguments: &["http_status"],
        help: (
            "Whether a request was refused for lack of permission or of a valid signature",
            "is_denied(http_status)",
        ),
        null_is: None,
        body: Body::Truth(|args| Ok(Some(matches!(args[0], "401" | "403")))),
    },
];

/// What a request did; `None` if it did nothing, or another row records it.
fn action(operation: &str, status: &str) -> Option<&'static str> {
    let class = OperationClass::from_operation(operation.as_bytes());
    // The row of a copy's source has the status `-`, or that of the copy.
    let is_source = matches!(operation, "REST.COPY.OBJECT_GET" | "REST.COPY.PART_GET");
    let is_success = match status {
        "-" => is_source || class == OperationClass::Service,
        _ => status.len() == 3 && status.starts_with('2'),
    };
    match (operation, class) {
        // A missing setting is an answer too.
        (_, OperationClass::ConfigRead) if is_success || status == "404" => Some("settings_read"),
        // A browser's upload may be answered with a redirect.
        ("REST.POST.OBJECT" | "REST.POST.BUCKET", _) if status == "303" => Some("write"),
        (_, OperationClass::Read | OperationClass::MetadataRead) if status == "304" => Some("inspect"),
        _ if !is_success => None,
        ("REST.POST.MULTI_OBJECT_DELETE", _) => None,
        ("REST.PUT.PART" | "REST.COPY.PART", _) => Some("write_part"),
        ("REST.PUT.BUCKET", _) => Some("bucket_create"),
        ("REST.DELETE.BUCKET", _) => Some("bucket_delete"),
        ("REST.POST.RESTORE", _) => Some("restore"),
        ("S3.EXPIRE.OBJECT" | "S3.CREATE.DELETEMARKER", _) => Some("expire"),
        (_, OperationClass::Read) => Some("read"),
        (_, OperationClass::List) => Some("list"),
        (_, OperationClass::MetadataRead) => Some("inspect"),
        (_, OperationClass::Write) => Some("write"),
        (_, OperationClass::MetadataChange) => Some("tag"),
        (_, OperationClass::Delete) => Some("delete"),
        (_, OperationClass::ConfigRead) => Some("settings_read"),
        (_, OperationClass::ConfigChange) => Some("settings_change"),
        (_, OperationClass::AccessChange) => Some("access_change"),
        (_, OperationClass::Service) => Some("service"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::action;

    #[test]
    fn a_request_did_one_thing() {
        for (operation, status, expected) in [
            ("REST.GET.OBJECT", "200", Some("read")),
            ("REST.GET.OBJECT", "206", Some("read")),
            ("REST.GET.OBJECT", "304", Some("inspect")),
            ("REST.GET.OBJECT", "403", None),
            ("REST.GET.OBJECT", "-", None),
            ("WEBSITE.GET.OBJECT", "200", Some("read")),
            ("REST.COPY.OBJECT_GET", "-", Some("read")),
            ("REST.COPY.OBJECT_GET", "200", Some("read")),
            ("REST.COPY.OBJECT_GET", "403", None),
            ("REST.COPY.PART_GET", "-", Some("read")),
            ("REST.HEAD.OBJECT", "200", Some("inspect")),
            ("REST.PUT.OBJECT", "200", Some("write")),
            ("REST.POST.OBJECT", "204", Some("write")),
            ("REST.POST.OBJECT", "303", Some("write")),
            ("REST.COPY.OBJECT", "200", Some("write")),
            ("REST.POST.UPLOAD", "200", Some("write")),
            ("REST.PUT.PART", "200", Some("write_part")),
            ("REST.COPY.PART", "200", Some("write_part")),
            ("REST.POST.UPLOADS", "200", Some("tag")),
            ("REST.DELETE.OBJECT", "204", Some("delete")),
            ("BATCH.DELETE.OBJECT", "204", Some("delete")),
            ("BATCH.DELETE.OBJECT", "403", None),
            ("REST.POST.MULTI_OBJECT_DELETE", "200", None),
            ("S3.EXPIRE.OBJECT", "-", Some("expire")),
            ("S3.TRANSITION_SIA.OBJECT", "-", Some("service")),
            ("REST.GET.CORS", "404", Some("settings_read")),
            ("REST.GET.CORS", "403", None),
            ("REST.PUT.BUCKETPOLICY", "204", Some("access_change")),
            ("REST.PUT.LIFECYCLE", "200", Some("settings_change")),
            ("REST.DELETE.BUCKET", "204", Some("bucket_delete")),
            ("REST.POST.RESTORE", "202", Some("restore")),
            ("REST.GET.BUCKETVERSIONS", "200", Some("list")),
            ("REST.OPTIONS.PREFLIGHT", "200", None),
        ] {
            assert_eq!(action(operation, status), expected, "{operation} {status}");
        }
    }
}

//! Operations: their API names, and what each kind of operation does.
//!
//! The set of operations is open: the method is whatever a client sent, and S3 adds resources. The table
//! below lists the known ones; all others are classified by their shape.

use OperationClass::{
    AccessChange, ConfigChange, ConfigRead, Delete, List, MetadataChange, MetadataRead, Other, Preflight,
    Read, Service, Write,
};

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OperationClass {
    /// Reads an object's data, also as the source of a copy.
    Read,
    /// Reads something about an object, or checks whether a bucket exists: HEAD requests, tags, attributes,
    /// retention.
    MetadataRead,
    /// Lists objects, versions, uploads or parts.
    List,
    /// Stores object data: puts, copies, parts, completed uploads, browser uploads.
    Write,
    /// Changes something about an object other than its data: tags, retention, restore, start and abort of
    /// uploads.
    MetadataChange,
    /// Deletes objects. A multi-object delete is logged as one row for the call, without a key, and one
    /// `BATCH.*` row per key.
    Delete,
    /// Reads a setting of a bucket.
    ConfigRead,
    /// Changes a setting of a bucket, or creates or deletes a bucket.
    ConfigChange,
    /// Changes permissions: bucket policy, ACL of a bucket or object, public access block, ownership.
    AccessChange,
    /// Work of S3 itself: lifecycle, completed restores, jobs.
    Service,
    /// A browser's preflight request.
    Preflight,
    /// None of the above, or unknown.
    Other,
}

impl OperationClass {
    /// The class of an operation. Operations that are not in the table are classified by family and method.
    pub fn from_operation(operation: &[u8]) -> OperationClass {
        match find(operation) {
            Some(row) => row.class,
            None => by_shape(operation),
        }
    }

    /// The class in snake case, as SQL shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Read => "read",
            MetadataRead => "metadata_read",
            List => "list",
            Write => "write",
            MetadataChange => "metadata_change",
            Delete => "delete",
            ConfigRead => "config_read",
            ConfigChange => "config_change",
            AccessChange => "access_change",
            Service => "service",
            Preflight => "preflight",
            Other => "other",
        }
    }
}

impl std::fmt::Display for OperationClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of an operation in the API reference and in CloudTrail, for example `GetObject` for
/// `REST.GET.OBJECT`; `None` for operations without one (lifecycle, preflight) and unknown ones.
///
/// If CloudTrail's event name differs from the name of the API call (`PutBucketLifecycle`), this is
/// CloudTrail's. ACL calls on a bucket and on an object share an operation; `has_key` distinguishes them.
pub fn api_name(operation: &[u8], has_key: bool) -> Option<&'static str> {
    match (operation, has_key) {
        (b"REST.GET.ACL", true) => Some("GetObjectAcl"),
        (b"REST.PUT.ACL", true) => Some("PutObjectAcl"),
        _ => find(operation).map(|row| row.api).filter(|name| !name.is_empty()),
    }
}

/// Whether the operation reads object data.
pub fn is_read(operation: &[u8]) -> bool {
    OperationClass::from_operation(operation) == Read
}

/// Whether the operation lists objects, versions, uploads or parts.
pub fn is_list(operation: &[u8]) -> bool {
    OperationClass::from_operation(operation) == List
}

/// Whether the operation stores object data.
pub fn is_write(operation: &[u8]) -> bool {
    OperationClass::from_operation(operation) == Write
}

/// Whether a request deletes objects (lifecycle does not count). The call of a multi-object delete counts
/// too, although it has no key.
pub fn is_delete(operation: &[u8]) -> bool {
    OperationClass::from_operation(operation) == Delete
}

/// Whether the operation changes a bucket or one of its settings, including access settings.
pub fn is_config_change(operation: &[u8]) -> bool {
    matches!(OperationClass::from_operation(operation), ConfigChange | AccessChange)
}

/// Whether the operation changes permissions: policy, ACL, public access block, ownership.
pub fn is_access_change(operation: &[u8]) -> bool {
    OperationClass::from_operation(operation) == AccessChange
}

/// Whether the operation reads or changes the ACL of a bucket or an object.
pub fn is_acl(operation: &[u8]) -> bool {
    operation.starts_with(b"REST.") && operation.ends_with(b".ACL")
}

struct Row {
    operation: &'static str,
    /// Empty if there is none.
    api: &'static str,
    class: OperationClass,
}

const fn row(operation: &'static str, api: &'static str, class: OperationClass) -> Row {
    Row { operation, api, class }
}

fn find(operation: &[u8]) -> Option<&'static Row> {
    let at = TABLE.binary_search_by(|row| row.operation.as_bytes().cmp(operation)).ok()?;
    TABLE.get(at)
}

/// A resource that is not in the table is a newer bucket setting: all operations that read and change objects
/// are known.
fn by_shape(operation: &[u8]) -> OperationClass {
    if operation.starts_with(b"S3.") {
        return Service;
    }
    let Some(rest) = operation.strip_prefix(b"REST.") else { return Other };
    match rest.split(|byte| *byte == b'.').next() {
        Some(b"GET" | b"HEAD") => ConfigRead,
        Some(b"PUT" | b"POST" | b"DELETE") => ConfigChange,
        Some(b"OPTIONS") => Preflight,
        _ => Other,
    }
}

/// Sorted by operation. Object Lock operations are listed in every spelling seen.
#[rustfmt::skip]
static TABLE: [Row; 96] = [
    row("BATCH.DELETE.OBJECT", "DeleteObjects", Delete),
    row("REST.COPY.OBJECT", "CopyObject", Write),
    row("REST.COPY.OBJECT_GET", "CopyObject", Read),
    row("REST.COPY.PART", "UploadPartCopy", Write),
    row("REST.COPY.PART_GET", "UploadPartCopy", Read),
    row("REST.DELETE.ANALYTICS", "DeleteBucketAnalyticsConfiguration", ConfigChange),
    row("REST.DELETE.BUCKET", "DeleteBucket", ConfigChange),
    row("REST.DELETE.BUCKETPOLICY", "DeleteBucketPolicy", AccessChange),
    row("REST.DELETE.CORS", "DeleteBucketCors", ConfigChange),
    row("REST.DELETE.ENCRYPTION", "DeleteBucketEncryption", ConfigChange),
    row("REST.DELETE.INTELLIGENT_TIERING", "DeleteBucketIntelligentTieringConfiguration", ConfigChange),
    row("REST.DELETE.INVENTORY", "DeleteBucketInventoryConfiguration", ConfigChange),
    row("REST.DELETE.LIFECYCLE", "DeleteBucketLifecycle", ConfigChange),
    row("REST.DELETE.METRICS", "DeleteBucketMetricsConfiguration", ConfigChange),
    row("REST.DELETE.OBJECT", "DeleteObject", Delete),
    row("REST.DELETE.OBJECT_TAGGING", "DeleteObjectTagging", MetadataChange),
    row("REST.DELETE.OWNERSHIP_CONTROLS", "DeleteBucketOwnershipControls", AccessChange),
    row("REST.DELETE.PUBLIC_ACCESS_BLOCK", "DeleteBucketPublicAccessBlock", AccessChange),
    row("REST.DELETE.REPLICATION", "DeleteBucketReplication", ConfigChange),
    row("REST.DELETE.TAGGING", "DeleteBucketTagging", ConfigChange),
    row("REST.DELETE.UPLOAD", "AbortMultipartUpload", MetadataChange),
    row("REST.DELETE.WEBSITE", "DeleteBucketWebsite", ConfigChange),
    row("REST.GET.ACCELERATE", "GetBucketAccelerateConfiguration", ConfigRead),
    row("REST.GET.ACL", "GetBucketAcl", ConfigRead),
    row("REST.GET.ANALYTICS", "GetBucketAnalyticsConfiguration", ConfigRead),
    row("REST.GET.BUCKET", "ListObjects", List),
    row("REST.GET.BUCKETPOLICY", "GetBucketPolicy", ConfigRead),
    row("REST.GET.BUCKETVERSIONS", "ListObjectVersions", List),
    row("REST.GET.CORS", "GetBucketCors", ConfigRead),
    row("REST.GET.ENCRYPTION", "GetBucketEncryption", ConfigRead),
    row("REST.GET.INTELLIGENT_TIERING", "GetBucketIntelligentTieringConfiguration", ConfigRead),
    row("REST.GET.INVENTORY", "GetBucketInventoryConfiguration", ConfigRead),
    row("REST.GET.LEGALHOLD", "GetObjectLegalHold", MetadataRead),
    row("REST.GET.LEGAL_HOLD", "GetObjectLegalHold", MetadataRead),
    row("REST.GET.LIFECYCLE", "GetBucketLifecycle", ConfigRead),
    row("REST.GET.LOCATION", "GetBucketLocation", ConfigRead),
    row("REST.GET.LOGGING_STATUS", "GetBucketLogging", ConfigRead),
    row("REST.GET.METRICS", "GetBucketMetricsConfiguration", ConfigRead),
    row("REST.GET.NOTIFICATION", "GetBucketNotification", ConfigRead),
    row("REST.GET.OBJECT", "GetObject", Read),
    row("REST.GET.OBJECT_ATTRIBUTES", "GetObjectAttributes", MetadataRead),
    row("REST.GET.OBJECT_LOCK", "GetObjectLockConfiguration", ConfigRead),
    row("REST.GET.OBJECT_LOCK_CONFIGURATION", "GetObjectLockConfiguration", ConfigRead),
    row("REST.GET.OBJECT_LOCK_RETENTION", "GetObjectRetention", MetadataRead),
    row("REST.GET.OBJECT_TAGGING", "GetObjectTagging", MetadataRead),
    row("REST.GET.OWNERSHIP_CONTROLS", "GetBucketOwnershipControls", ConfigRead),
    row("REST.GET.POLICY_STATUS", "GetBucketPolicyStatus", ConfigRead),
    row("REST.GET.PUBLIC_ACCESS_BLOCK", "GetBucketPublicAccessBlock", ConfigRead),
    row("REST.GET.REPLICATION", "GetBucketReplication", ConfigRead),
    row("REST.GET.REQUEST_PAYMENT", "GetBucketRequestPayment", ConfigRead),
    row("REST.GET.RETENTION", "GetObjectRetention", MetadataRead),
    row("REST.GET.TAGGING", "GetBucketTagging", ConfigRead),
    row("REST.GET.UPLOAD", "ListParts", List),
    row("REST.GET.UPLOADS", "ListMultipartUploads", List),
    row("REST.GET.VERSIONING", "GetBucketVersioning", ConfigRead),
    row("REST.GET.WEBSITE", "GetBucketWebsite", ConfigRead),
    row("REST.HEAD.BUCKET", "HeadBucket", MetadataRead),
    row("REST.HEAD.OBJECT", "HeadObject", MetadataRead),
    row("REST.OPTIONS.PREFLIGHT", "", Preflight),
    row("REST.POST.BUCKET", "PostObject", Write),
    row("REST.POST.MULTI_OBJECT_DELETE", "DeleteObjects", Delete),
    row("REST.POST.OBJECT", "PostObject", Write),
    row("REST.POST.RESTORE", "RestoreObject", MetadataChange),
    row("REST.POST.UPLOAD", "CompleteMultipartUpload", Write),
    row("REST.POST.UPLOADS", "CreateMultipartUpload", MetadataChange),
    row("REST.PUT.ACCELERATE", "PutBucketAccelerateConfiguration", ConfigChange),
    row("REST.PUT.ACL", "PutBucketAcl", AccessChange),
    row("REST.PUT.ANALYTICS", "PutBucketAnalyticsConfiguration", ConfigChange),
    row("REST.PUT.BUCKET", "CreateBucket", ConfigChange),
    row("REST.PUT.BUCKETPOLICY", "PutBucketPolicy", AccessChange),
    row("REST.PUT.CORS", "PutBucketCors", ConfigChange),
    row("REST.PUT.ENCRYPTION", "PutBucketEncryption", ConfigChange),
    row("REST.PUT.INTELLIGENT_TIERING", "PutBucketIntelligentTieringConfiguration", ConfigChange),
    row("REST.PUT.INVENTORY", "PutBucketInventoryConfiguration", ConfigChange),
    row("REST.PUT.LEGALHOLD", "PutObjectLegalHold", MetadataChange),
    row("REST.PUT.LEGAL_HOLD", "PutObjectLegalHold", MetadataChange),
    row("REST.PUT.LIFECYCLE", "PutBucketLifecycle", ConfigChange),
    row("REST.PUT.LOGGING_STATUS", "PutBucketLogging", ConfigChange),
    row("REST.PUT.METRICS", "PutBucketMetricsConfiguration", ConfigChange),
    row("REST.PUT.NOTIFICATION", "PutBucketNotification", ConfigChange),
    row("REST.PUT.OBJECT", "PutObject", Write),
    row("REST.PUT.OBJECT_LOCK", "PutObjectLockConfiguration", ConfigChange),
    row("REST.PUT.OBJECT_LOCK_CONFIGURATION", "PutObjectLockConfiguration", ConfigChange),
    row("REST.PUT.OBJECT_LOCK_RETENTION", "PutObjectRetention", MetadataChange),
    row("REST.PUT.OBJECT_TAGGING", "PutObjectTagging", MetadataChange),
    row("REST.PUT.OWNERSHIP_CONTROLS", "PutBucketOwnershipControls", AccessChange),
    row("REST.PUT.PART", "UploadPart", Write),
    row("REST.PUT.PUBLIC_ACCESS_BLOCK", "PutBucketPublicAccessBlock", AccessChange),
    row("REST.PUT.REPLICATION", "PutBucketReplication", ConfigChange),
    row("REST.PUT.REQUEST_PAYMENT", "PutBucketRequestPayment", ConfigChange),
    row("REST.PUT.RETENTION", "PutObjectRetention", MetadataChange),
    row("REST.PUT.TAGGING", "PutBucketTagging", ConfigChange),
    row("REST.PUT.VERSIONING", "PutBucketVersioning", ConfigChange),
    row("REST.PUT.WEBSITE", "PutBucketWebsite", ConfigChange),
    row("WEBSITE.GET.OBJECT", "GetObject", Read),
    row("WEBSITE.HEAD.OBJECT", "HeadObject", MetadataRead),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_row_is_found() {
        assert!(TABLE.windows(2).all(|pair| pair[0].operation.as_bytes() < pair[1].operation.as_bytes()));
        for row in &TABLE {
            assert_eq!(OperationClass::from_operation(row.operation.as_bytes()), row.class);
        }
    }

    #[test]
    fn methods_and_classes_agree() {
        for row in &TABLE {
            let method = row.operation.split('.').nth(1);
            let reads = matches!(row.class, Read | List | MetadataRead | ConfigRead);
            match method {
                Some("GET" | "HEAD") => assert!(reads, "{}", row.operation),
                Some("COPY") => assert_eq!(reads, row.operation.ends_with("_GET"), "{}", row.operation),
                _ => assert!(!reads, "{}", row.operation),
            }
        }
    }

    #[test]
    fn api_names() {
        assert_eq!(api_name(b"REST.GET.OBJECT", true), Some("GetObject"));
        assert_eq!(api_name(b"REST.POST.UPLOADS", true), Some("CreateMultipartUpload"));
        assert_eq!(api_name(b"REST.COPY.PART_GET", true), Some("UploadPartCopy"));
        assert_eq!(api_name(b"BATCH.DELETE.OBJECT", true), Some("DeleteObjects"));
        assert_eq!(api_name(b"REST.PUT.ACL", false), Some("PutBucketAcl"));
        assert_eq!(api_name(b"REST.PUT.ACL", true), Some("PutObjectAcl"));
        for operation in
            ["S3.EXPIRE.OBJECT", "REST.OPTIONS.PREFLIGHT", "REST.GET.NEWS", "", "REST.GET.OBJECTS"]
        {
            assert_eq!(api_name(operation.as_bytes(), true), None, "{operation}");
        }
    }

    #[test]
    fn groups() {
        assert!(
            is_read(b"WEBSITE.GET.OBJECT")
                && is_read(b"REST.COPY.OBJECT_GET")
                && !is_read(b"REST.HEAD.OBJECT")
        );
        assert!(is_write(b"REST.POST.UPLOAD") && !is_write(b"REST.POST.UPLOADS"));
        assert!(is_delete(b"BATCH.DELETE.OBJECT") && !is_delete(b"REST.DELETE.BUCKET"));
        assert!(!is_delete(b"S3.EXPIRE.OBJECT"));
        assert!(is_list(b"REST.GET.BUCKETVERSIONS"));
        assert!(
            is_config_change(b"REST.PUT.LOGGING_STATUS") && !is_access_change(b"REST.PUT.LOGGING_STATUS")
        );
        assert!(is_config_change(b"REST.PUT.BUCKETPOLICY") && is_access_change(b"REST.PUT.BUCKETPOLICY"));
        assert!(is_acl(b"REST.GET.ACL") && is_acl(b"REST.PUT.ACL") && !is_acl(b"REST.PUT.BUCKETPOLICY"));
    }

    #[test]
    fn unknown_operations_are_classified_by_shape() {
        assert_eq!(OperationClass::from_operation(b"REST.PUT.METADATA_TABLE"), ConfigChange);
        assert_eq!(OperationClass::from_operation(b"REST.GET.METADATA_TABLE"), ConfigRead);
        assert_eq!(OperationClass::from_operation(b"S3.TRANSITION_GDA.OBJECT"), Service);
        assert_eq!(OperationClass::from_operation(b"REST.OPTIONS.OBJECT"), Preflight);
        assert_eq!(OperationClass::from_operation(b"REST.PROPFIND.OBJECT"), Other);
        assert_eq!(OperationClass::from_operation(b"SOAP.GetObject"), Other);
        assert_eq!(OperationClass::from_operation(b""), Other);
    }
}

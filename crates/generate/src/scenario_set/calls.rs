//! The requests of the scenarios.

use super::super::random::{build_text, push_alphanumeric};
use super::call::Call;
use super::callers::Caller;
use super::logs::{CopySource, Logs};

/// An object in a bucket: bucket, key, size in bytes.
pub(super) type Object<'a> = (&'a str, &'a str, i64);

impl Logs {
    /// Reads a whole object.
    pub(super) fn get(&mut self, time: i64, who: &Caller, (bucket, key, size): Object<'_>) {
        let call = Call { sent: size, size: Some(size), ..Call::new("REST.GET.OBJECT", key) };
        self.call(time, who, bucket, call);
    }

    /// Reads a part of an object.
    pub(super) fn get_range(&mut self, time: i64, who: &Caller, (bucket, key, size): Object<'_>, sent: i64) {
        let call = Call { sent, size: Some(size), status: 206, ..Call::new("REST.GET.OBJECT", key) };
        self.call(time, who, bucket, call);
    }

    /// Reads an object's properties.
    pub(super) fn head_object(&mut self, time: i64, who: &Caller, (bucket, key, size): Object<'_>) {
        let call = Call { size: Some(size), ..Call::new("REST.HEAD.OBJECT", key) };
        self.call(time, who, bucket, call);
    }

    /// Reads an object through a URL that was signed at a given time.
    pub(super) fn get_by_link(
        &mut self,
        time: i64,
        who: &Caller,
        (bucket, key, size): Object<'_>,
        signed: i64,
    ) {
        self.signed_at = Some(signed);
        self.get(time, who, (bucket, key, size));
        self.signed_at = None;
    }

    /// Writes an object.
    pub(super) fn put(&mut self, time: i64, who: &Caller, (bucket, key, size): Object<'_>) {
        let call = Call { size: Some(size), ..Call::new("REST.PUT.OBJECT", key) };
        self.call(time, who, bucket, call);
    }

    /// Deletes an object.
    pub(super) fn delete(&mut self, time: i64, who: &Caller, (bucket, key, size): Object<'_>) {
        let call = Call { size: Some(size), ..Call::new("REST.DELETE.OBJECT", key) };
        self.call(time, who, bucket, call);
    }

    /// Deletes a version of an object.
    pub(super) fn delete_version(
        &mut self,
        time: i64,
        who: &Caller,
        (bucket, key, size): Object<'_>,
        version: &str,
    ) {
        let query = format!("versionId={version}");
        let call = Call {
            size: Some(size),
            version: Some(version),
            query: &query,
            ..Call::new("REST.DELETE.OBJECT", key)
        };
        self.call(time, who, bucket, call);
    }

    /// Deletes objects, or versions for keys with a version id, in one call.
    pub(super) fn delete_many(
        &mut self,
        time: i64,
        who: &Caller,
        bucket: &str,
        objects: &[(String, i64, Option<String>)],
    ) {
        let ids = self.ids();
        let sent = 120 + 60 * objects.len() as i64;
        let call = Call { query: "delete", sent, ..Call::new("REST.POST.MULTI_OBJECT_DELETE", None) };
        self.call_with(time, who, bucket, call, &ids);
        for (key, size, version) in objects {
            let call = Call {
                status: 204,
                size: Some(*size),
                version: version.as_deref(),
                ..Call::new("BATCH.DELETE.OBJECT", key.as_str())
            };
            self.bare_with(time, who, bucket, call, &ids);
        }
    }

    /// A refusal or a failure.
    pub(super) fn fail(
        &mut self,
        time: i64,
        who: &Caller,
        bucket: &str,
        (operation, key): (&str, Option<&str>),
        (status, error): (i64, &str),
    ) {
        let is_head = operation.starts_with("REST.HEAD.");
        let sent = if is_head { 0 } else { self.rng.i64(240..420) };
        let error = (!is_head).then_some(error);
        let query = if key.is_none() { sub_resource(operation) } else { "" };
        self.call(time, who, bucket, Call { status, error, sent, query, ..Call::new(operation, key) });
    }

    /// A page of a listing.
    pub(super) fn list(&mut self, time: i64, who: &Caller, bucket: &str, prefix: &str) {
        let query =
            format!("list-type=2&prefix={}&max-keys=1000&encoding-type=url", prefix.replace('/', "%2F"));
        let sent = self.rng.i64(180_000..360_000);
        self.call(time, who, bucket, Call { query: &query, sent, ..Call::new("REST.GET.BUCKET", None) });
    }

    /// A page of a listing of versions.
    pub(super) fn list_versions(&mut self, time: i64, who: &Caller, bucket: &str) {
        let sent = self.rng.i64(280_000..560_000);
        let call =
            Call { query: "versions&max-keys=1000", sent, ..Call::new("REST.GET.BUCKETVERSIONS", None) };
        self.call(time, who, bucket, call);
    }

    /// Reads or changes a setting of a bucket, such as `REST.PUT.BUCKETPOLICY`.
    pub(super) fn setting(&mut self, time: i64, who: &Caller, bucket: &str, operation: &str) {
        let sent = if operation.starts_with("REST.GET.") { self.rng.i64(140..1_900) } else { 0 };
        let status = match operation {
            "REST.PUT.BUCKETPOLICY" => 204,
            _ => Call::new(operation, None).status,
        };
        let call = Call { query: sub_resource(operation), sent, status, ..Call::new(operation, None) };
        self.call(time, who, bucket, call);
    }

    /// Status of a copy's source row; 0 means none.
    fn copy_status(&mut self, between: bool) -> i64 {
        match self.copy_source {
            CopySource::Ok => 200,
            CopySource::None => 0,
            // The random number is drawn in any case, so that everything else is the same in all three forms.
            CopySource::Mixed if between => 0,
            CopySource::Mixed => [0, 200][self.records.len() % 2],
        }
    }

    /// Copies an object in one request. If the destination is an external bucket, only the source is logged.
    pub(super) fn copy(
        &mut self,
        time: i64,
        who: &Caller,
        (bucket, key, size): Object<'_>,
        to: (&str, &str),
        own: bool,
    ) {
        let ids = self.ids();
        let host = self.endpoint(to.0);
        let status = self.copy_status(bucket != to.0);
        let source =
            Call { status, size: Some(size), host: Some(&host), ..Call::new("REST.COPY.OBJECT_GET", key) };
        self.bare_with(time, who, bucket, source, &ids);
        if own {
            let sent = self.rng.i64(230..300);
            let call = Call { size: Some(size), sent, ..Call::new("REST.COPY.OBJECT", to.1) };
            self.call_with(time, who, to.0, call, &ids);
        }
    }

    /// Copies an object in parts of `part` bytes, `step` seconds apart; returns the time when it finished.
    pub(super) fn copy_parts(
        &mut self,
        time: i64,
        who: &Caller,
        (bucket, key, size): Object<'_>,
        to: (&str, &str),
        (own, part, step): (bool, i64, i64),
    ) -> i64 {
        let upload = self.upload_id();
        let host = self.endpoint(to.0);
        let parts = (size + part - 1) / part;
        if own {
            self.call(
                time,
                who,
                to.0,
                Call { query: "uploads", sent: 360, ..Call::new("REST.POST.UPLOADS", to.1) },
            );
        }
        for at in 0..parts {
            let ids = self.ids();
            let time = time + 1 + at * step;
            let status = self.copy_status(bucket != to.0);
            let call =
                Call { status, size: Some(size), host: Some(&host), ..Call::new("REST.COPY.PART_GET", key) };
            self.bare_with(time, who, bucket, call, &ids);
            if own {
                let query = format!("partNumber={}&uploadId={upload}", at + 1);
                let length = part.min(size - at * part);
                let call = Call {
                    query: &query,
                    size: Some(length),
                    sent: 240,
                    ..Call::new("REST.COPY.PART", to.1)
                };
                self.call_with(time, who, to.0, call, &ids);
            }
        }
        let end = time + 2 + parts * step;
        if own {
            let query = format!("uploadId={upload}");
            let call =
                Call { query: &query, size: Some(size), sent: 430, ..Call::new("REST.POST.UPLOAD", to.1) };
            self.call(end, who, to.0, call);
        }
        end
    }

    /// Uploads an object in parts.
    pub(super) fn upload(&mut self, time: i64, who: &Caller, (bucket, key, size): Object<'_>, part: i64) {
        let upload = self.upload_id();
        let parts = (size + part - 1) / part;
        let call = Call { query: "uploads", sent: 350, ..Call::new("REST.POST.UPLOADS", key) };
        self.call(time, who, bucket, call);
        for at in 0..parts {
            let query = format!("partNumber={}&uploadId={upload}", at + 1);
            let length = part.min(size - at * part);
            let call = Call { query: &query, size: Some(length), ..Call::new("REST.PUT.PART", key) };
            self.call(time + 1 + at, who, bucket, call);
        }
        let query = format!("uploadId={upload}");
        let call = Call { query: &query, size: Some(size), sent: 420, ..Call::new("REST.POST.UPLOAD", key) };
        self.call(time + 2 + parts, who, bucket, call);
    }

    fn upload_id(&mut self) -> String {
        build_text(|out| push_alphanumeric(&mut self.rng, out, 96))
    }
}

/// The query string of a setting.
fn sub_resource(operation: &str) -> &'static str {
    match operation.rsplit('.').next().unwrap_or_default() {
        "BUCKETPOLICY" => "policy",
        "POLICY_STATUS" => "policyStatus",
        "ACL" => "acl",
        "PUBLIC_ACCESS_BLOCK" => "publicAccessBlock",
        "OWNERSHIP_CONTROLS" => "ownershipControls",
        "LIFECYCLE" => "lifecycle",
        "LOGGING_STATUS" => "logging",
        "VERSIONING" => "versioning",
        "ENCRYPTION" => "encryption",
        "REPLICATION" => "replication",
        "TAGGING" => "tagging",
        "CORS" => "cors",
        "WEBSITE" => "website",
        "LOCATION" => "location",
        "NOTIFICATION" => "notification",
        "INVENTORY" => "inventory",
        "OBJECT_LOCK_CONFIGURATION" => "object-lock",
        "REQUEST_PAYMENT" => "requestPayment",
        "ACCELERATE" => "accelerate",
        "BUCKETVERSIONS" => "versions",
        "BUCKET" if operation == "REST.GET.BUCKET" => "list-type=2",
        _ => "",
    }
}

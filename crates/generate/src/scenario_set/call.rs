//! A request of a scenario.

/// A request and its outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) operation: &'a str,
    pub(super) key: Option<&'a str>,
    /// Without `?`.
    pub(super) query: &'a str,
    pub(super) status: i64,
    pub(super) error: Option<&'a str>,
    pub(super) sent: i64,
    pub(super) size: Option<i64>,
    pub(super) version: Option<&'a str>,
    /// The host, if it is not the bucket's own.
    pub(super) host: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// A successful request for an object or a bucket.
    pub(super) fn new(operation: &'a str, key: impl Into<Option<&'a str>>) -> Self {
        let key = key.into();
        let status = if operation.starts_with("REST.DELETE.") { 204 } else { 200 };
        Self {
            operation,
            key,
            query: "",
            status,
            error: None,
            sent: 0,
            size: None,
            version: None,
            host: None,
        }
    }
}

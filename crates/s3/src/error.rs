//! S3 errors.

use std::fmt;

use crate::url::S3Url;

/// The operation that failed, the object, and the reason.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{url}: cannot {action}: {problem}")]
pub struct S3Error {
    /// The bucket and the key.
    pub url: String,
    /// The operation, as an infinitive: `list`, `read`.
    pub action: &'static str,
    /// The reason.
    pub problem: Problem,
}

/// Why a request failed, after retries if they could help.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The bucket does not exist.
    NoSuchBucket,
    /// The object does not exist.
    NoSuchKey,
    /// The object is archived and must be restored first.
    Archived,
    /// The requester lacks permission. The text is the server's.
    AccessDenied(String),
    /// There are no credentials, or they are no longer valid.
    NoCredentials(String),
    /// The bucket is in another region, which is named if the server says which.
    WrongRegion(Option<String>),
    /// The condition on the object does not hold, or no longer holds.
    Precondition,
    /// The key has `.` or `..` as a path segment, which HTTP clients would resolve.
    InvalidKey,
    /// There was no response. The text says what happened instead.
    Unreachable(String),
    /// A setting in the environment is invalid.
    Setting(String),
    /// Any other error; the text is the server's.
    Other(String),
}

impl Problem {
    /// Whether the problem concerns only this object, so that others may still be readable.
    pub fn is_of_object(&self) -> bool {
        matches!(self, Self::NoSuchKey | Self::Archived | Self::Precondition | Self::InvalidKey)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchBucket => f.write_str("no such bucket"),
            Self::NoSuchKey => f.write_str("no such object"),
            Self::Archived => f.write_str("the object is in an archive; it must be restored first"),
            Self::AccessDenied(reason) => write!(
                f,
                "access denied ({reason}); `saltmine playbook getting-logs` lists the required permissions"
            ),
            Self::NoCredentials(why) => write!(
                f,
                "no usable credentials: {why}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or \
                 give --s3-anonymous for a public bucket; `aws configure export-credentials --format env` prints \
                 those of a login"
            ),
            Self::WrongRegion(Some(region)) => {
                write!(f, "the bucket is in the region {region}; set AWS_REGION={region}")
            }
            Self::WrongRegion(None) => f.write_str("the bucket is in another region; set AWS_REGION"),
            Self::Precondition => f.write_str("the object has changed in the meantime"),
            Self::InvalidKey => f.write_str("object keys with . or .. path segments are not supported"),
            Self::Unreachable(why) => write!(f, "no response: {why}"),
            Self::Setting(why) | Self::Other(why) => f.write_str(why),
        }
    }
}

impl S3Error {
    /// For `map_err`: the operation, bucket and key that failed.
    pub(crate) fn at(action: &'static str, bucket: &str, key: &str) -> impl FnOnce(Problem) -> S3Error {
        let url = S3Url { bucket: bucket.to_owned(), key: key.to_owned() }.to_string();
        move |problem| S3Error { url, action, problem }
    }
}

/// An error and its sources, as one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        below = error.source();
    }
    text
}

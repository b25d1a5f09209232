//! What can go wrong with S3.

use std::fmt;

use crate::url::S3Url;

/// What was tried, on what, and why it failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{url}: cannot {action}: {problem}")]
pub struct S3Error {
    /// The bucket and the key.
    pub url: String,
    /// What was tried, as an infinitive: `list`, `read`.
    pub action: &'static str,
    /// Why it failed.
    pub problem: Problem,
}

/// Why a request failed, after it was tried again where that could help.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The bucket is not there.
    NoSuchBucket,
    /// The object is not there.
    NoSuchKey,
    /// The object is in an archive, and must be restored first.
    Archived,
    /// Who asks may not. What the server said of it.
    AccessDenied(String),
    /// Nothing is known of who asks, or what is known does not do any more.
    NoCredentials(String),
    /// The bucket is in another region, and in which, if the server says so.
    WrongRegion(Option<String>),
    /// The object is not, or no longer, what the condition asked for.
    Precondition,
    /// The key has `.` or `..` between its slashes, which HTTP clients take for something else.
    InvalidKey,
    /// There is no answer. What happened instead.
    Unreachable(String),
    /// Something in the environment cannot be used.
    Setting(String),
    /// What else the server said.
    Other(String),
}

impl Problem {
    /// Whether it is of this one object, so that others may be read all the same.
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
            Self::AccessDenied(said) => write!(f, "access denied ({said})"),
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
            Self::Precondition => f.write_str("the object has changed meanwhile"),
            Self::InvalidKey => f.write_str("object keys with . or .. path segments are not supported"),
            Self::Unreachable(why) => write!(f, "no answer: {why}"),
            Self::Setting(why) | Self::Other(why) => f.write_str(why),
        }
    }
}

impl S3Error {
    /// For `map_err`: what was tried, on which bucket and key.
    pub(crate) fn at(action: &'static str, bucket: &str, key: &str) -> impl FnOnce(Problem) -> S3Error {
        let url = S3Url { bucket: bucket.to_owned(), key: key.to_owned() }.to_string();
        move |problem| S3Error { url, action, problem }
    }
}

/// An error and those below it, as one line.
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

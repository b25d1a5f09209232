//! Functions of user agents.

use std::borrow::Cow;

use super::scalar::{Body, TextFunction};

/// All functions.
pub(super) const FUNCTIONS: [TextFunction; 1] = [TextFunction {
    name: "agent_family",
    arguments: &["user_agent"],
    help: (
        "The program that a user agent names: aws-cli, boto3, curl, browser and so on, or other. Clients choose their \
         user agent, so this is a hint and proves nothing",
        "agent_family(user_agent)",
    ),
    null_is: None,
    body: Body::Text(|args| Some(Cow::Borrowed(family(args[0])))),
}];

/// Parts of user agents in lower case, and the family that they stand for. The first match counts: programs name
/// the libraries they use after themselves.
const FAMILIES: [(&str, &str); 44] = [
    ("s3console", "s3-console"),
    ("amazon cloudfront", "cloudfront"),
    ("terraform", "terraform"),
    ("pulumi", "pulumi"),
    ("ansible", "ansible"),
    ("rclone", "rclone"),
    ("s3cmd", "s3cmd"),
    ("s5cmd", "s5cmd"),
    ("cyberduck", "cyberduck"),
    ("s3 browser", "s3-browser"),
    ("winscp", "winscp"),
    ("restic", "restic"),
    ("veeam", "veeam"),
    ("hadoop", "hadoop"),
    ("emrfs", "emr"),
    ("elasticmapreduce", "emr"),
    ("presto", "presto"),
    ("trino", "trino"),
    ("athena", "athena"),
    ("duckdb", "duckdb"),
    ("aws-cli", "aws-cli"),
    ("aws-internal", "aws-internal"),
    ("boto3", "boto3"),
    ("botocore", "botocore"),
    ("boto", "boto"),
    ("aws-sdk-java", "aws-sdk-java"),
    ("aws-sdk-go", "aws-sdk-go"),
    ("aws-sdk-js", "aws-sdk-js"),
    ("aws-sdk-nodejs", "aws-sdk-js"),
    ("aws-sdk-dotnet", "aws-sdk-dotnet"),
    ("aws-sdk-php", "aws-sdk-php"),
    ("aws-sdk-ruby", "aws-sdk-ruby"),
    ("aws-sdk-rust", "aws-sdk-rust"),
    ("aws-sdk-cpp", "aws-sdk-cpp"),
    ("minio", "minio"),
    ("curl/", "curl"),
    ("wget/", "wget"),
    ("python-requests", "python-requests"),
    ("python-urllib", "python-urllib"),
    ("go-http-client", "go-http-client"),
    ("okhttp", "okhttp"),
    ("apache-httpclient", "apache-httpclient"),
    ("bot", "bot"),
    ("mozilla/", "browser"),
];

fn family(agent: &str) -> &'static str {
    let lower = agent.to_ascii_lowercase();
    FAMILIES.iter().find(|(needle, _)| lower.contains(needle)).map_or("other", |(_, family)| family)
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn programs_are_recognised_by_their_own_name_first() {
        for (agent, expected) in [
            ("aws-cli/2.17.0 Python/3.11 botocore/2.0", "aws-cli"),
            ("Boto3/1.34 md/Botocore#1.34", "boto3"),
            ("APN/1.0 HashiCorp/1.0 Terraform/1.7 aws-sdk-go-v2/1.24", "terraform"),
            ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.11]", "s3-console"),
            ("Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0", "browser"),
            ("Mozilla/5.0 (compatible; Googlebot/2.1)", "bot"),
            ("Amazon CloudFront", "cloudfront"),
            ("", "other"),
            ("\u{1b}[31mSomething Else", "other"),
        ] {
            assert_eq!(family(agent), expected, "{agent}");
        }
    }
}

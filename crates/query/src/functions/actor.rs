//! Who acted, independent of the session: principals, AWS's own services, bots.

use std::borrow::Cow;

use saltmine_format::{Principal, PrincipalKind};

use super::scalar::{Body, TextFunction};

/// All functions.
pub(super) const FUNCTIONS: [TextFunction; 3] = [
    TextFunction {
        name: "principal",
        arguments: &["requester"],
        help: (
            "Who acted, independent of the session: ACCOUNT:role/ROLE for a role session; ACCOUNT:person/SESSION if \
             the session belongs to a person (single sign-on, or a session named by an e-mail address); ACCOUNT:root; \
             anonymous; otherwise the requester",
            "principal(requester)",
        ),
        null_is: Some("-"),
        body: Body::Text(|args| Some(acting(args[0]))),
    },
    TextFunction {
        name: "is_aws_service",
        arguments: &["requester"],
        help: (
            "Whether the requester has a name of AWS itself: S3, a service, CloudFront's identities, or a session \
             of replication or batch jobs. Anyone who may assume a role can choose such a session name",
            "is_aws_service(requester)",
        ),
        null_is: Some("-"),
        body: Body::Truth(|args| Ok(Some(is_aws_service(&Principal::parse(args[0]))))),
    },
    TextFunction {
        name: "is_robot",
        arguments: &["user_agent"],
        help: (
            "Whether a user agent claims to be a crawler, a monitor or another unattended program",
            "is_robot(user_agent)",
        ),
        null_is: Some("-"),
        body: Body::Truth(|args| Ok(Some(is_robot(args[0])))),
    },
];

/// Session names of S3 Batch Operations start with this.
const BATCH_OPERATIONS: &str = "s3-batch-operations";

/// The acting principal, independent of the session, as in the SQL function `principal`; `-` is `anonymous`.
pub fn principal(requester: &str) -> String {
    acting(requester).into_owned()
}

fn acting(requester: &str) -> Cow<'_, str> {
    let who = Principal::parse(requester);
    // Under redaction, a pseudonym takes the place of the account.
    let account = who.account.or_else(|| crate::redact::account_pseudonym(requester)).unwrap_or("-");
    match (who.kind, who.role, who.session) {
        (PrincipalKind::Anonymous, ..) => Cow::Borrowed("anonymous"),
        (PrincipalKind::Root, ..) => Cow::Owned(format!("{account}:root")),
        (_, Some(_), Some(session)) if who.is_single_sign_on() || is_email(session) => {
            Cow::Owned(format!("{account}:person/{session}"))
        }
        (PrincipalKind::AssumedRole | PrincipalKind::Role, Some(role), _) => {
            Cow::Owned(format!("{account}:role/{role}"))
        }
        _ => Cow::Borrowed(requester),
    }
}

fn is_aws_service(who: &Principal<'_>) -> bool {
    who.is_aws() || who.session.is_some_and(|session| session.starts_with(BATCH_OPERATIONS))
}

/// Whether a session's name has the form of an e-mail address.
fn is_email(session: &str) -> bool {
    session.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.split('.').filter(|label| !label.is_empty()).count() > 1
            && !host.contains('@')
    })
}

/// Words that bots use in their user agents, in lower case.
const ROBOTS: [&str; 22] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "scrape",
    "archiver",
    "monitor",
    "uptime",
    "pingdom",
    "healthcheck",
    "feedfetcher",
    "facebookexternalhit",
    "preview",
    "lighthouse",
    "headless",
    "phantomjs",
    "selenium",
    "puppeteer",
    "playwright",
    "gptbot",
    "mediapartners",
    "validator",
];

fn is_robot(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    ROBOTS.iter().any(|word| agent.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_does_not_depend_on_the_session() {
        for (requester, expected) in [
            ("arn:aws:sts::111122223333:assumed-role/etl/i-0abc", "111122223333:role/etl"),
            ("arn:aws:sts::111122223333:assumed-role/etl/app-7", "111122223333:role/etl"),
            ("arn:aws:iam::111122223333:role/service-role/etl", "111122223333:role/etl"),
            (
                "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann",
                "111122223333:person/ann",
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/Admin/ann@example.org",
                "111122223333:person/ann@example.org",
            ),
            ("arn:aws:sts::111122223333:assumed-role/Admin/ann@host", "111122223333:role/Admin"),
            ("arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/ann"),
            ("arn:aws:iam::111122223333:root", "111122223333:root"),
            ("svc:cloudfront.amazonaws.com", "svc:cloudfront.amazonaws.com"),
            ("-", "anonymous"),
            ("Anonymous", "anonymous"),
            (
                "arn:aws:sts::account-0123456789abcdef:assumed-role/role-1/session-2",
                "account-0123456789abcdef:role/role-1",
            ),
        ] {
            assert_eq!(acting(requester), expected);
        }
    }

    #[test]
    fn requests_of_aws_itself_are_recognised() {
        let is_aws = |requester| is_aws_service(&Principal::parse(requester));
        for requester in [
            "AmazonS3",
            "svc:delivery.logs.amazonaws.com",
            "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE0OAI",
            "arn:aws:sts::111122223333:assumed-role/copy/s3-replication",
            "arn:aws:sts::111122223333:assumed-role/copy/s3-batch-operations_0a1b2c3d",
        ] {
            assert!(is_aws(requester), "{requester}");
        }
        assert!(!is_aws("arn:aws:sts::111122223333:assumed-role/copy/replication"));
        assert!(!is_aws("-"));
    }

    #[test]
    fn robots_say_so() {
        assert!(is_robot("Mozilla/5.0 (compatible; Examplebot/2.1; +http://example.org/bot.html)"));
        assert!(!is_robot("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/128.0"));
        assert!(!is_robot("-"));
    }
}

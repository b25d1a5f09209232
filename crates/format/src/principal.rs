//! Principals: the forms of the requester field and what they reveal.

/// The kind of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// Unknown: the request was not signed.
    Anonymous,
    /// A canonical user id: the root user of an account, or a principal of another account as its owner sees it.
    CanonicalUser,
    /// The root user, written as an ARN.
    Root,
    /// An IAM user.
    IamUser,
    /// The session of a role: a person behind single sign-on, an instance, a function, replication.
    AssumedRole,
    /// A role without a session.
    Role,
    /// A federated user (GetFederationToken).
    FederatedUser,
    /// An origin access identity of CloudFront.
    CloudFrontOai,
    /// A service of AWS in its own name (`svc:…`), such as CloudFront's origin access control or log delivery.
    Service,
    /// S3 itself: lifecycle, restore.
    AmazonS3,
    /// None of the above.
    Other,
}

impl PrincipalKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Anonymous,
        Self::CanonicalUser,
        Self::Root,
        Self::IamUser,
        Self::AssumedRole,
        Self::Role,
        Self::FederatedUser,
        Self::CloudFrontOai,
        Self::Service,
        Self::AmazonS3,
        Self::Other,
    ];

    /// The kind in snake case, as SQL shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::CanonicalUser => "canonical_user",
            Self::Root => "root",
            Self::IamUser => "iam_user",
            Self::AssumedRole => "assumed_role",
            Self::Role => "role",
            Self::FederatedUser => "federated_user",
            Self::CloudFrontOai => "cloudfront_oai",
            Self::Service => "service",
            Self::AmazonS3 => "amazon_s3",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A requester split into its parts. Every part borrows from the requester's text; nothing is allocated.
///
/// A part that the form does not have is `None`, never empty.
///
/// ```
/// use saltmine_format::{Principal, PrincipalKind};
///
/// let who = Principal::parse("arn:aws:sts::111122223333:assumed-role/backup/i-0abc");
/// assert_eq!(who.kind, PrincipalKind::AssumedRole);
/// assert_eq!(who.account, Some("111122223333"));
/// assert_eq!((who.role, who.session), (Some("backup"), Some("i-0abc")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal<'a> {
    /// The form of the requester.
    pub kind: PrincipalKind,
    /// Partition of the ARN: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: Option<&'a str>,
    /// The 12 digits of the account.
    pub account: Option<&'a str>,
    /// Path of an IAM user or role, including its slashes (`/teams/data/`); `None` if it is just `/`.
    pub path: Option<&'a str>,
    /// The principal's own name: user, role, federated user, service (`cloudfront.amazonaws.com`), CloudFront
    /// identity, or canonical id.
    pub name: Option<&'a str>,
    /// Role name, for a role or a role session.
    pub role: Option<&'a str>,
    /// Session name of a role: an instance id, a function name, or an e-mail address with single sign-on.
    pub session: Option<&'a str>,
}

impl<'a> Principal<'a> {
    /// Splits a requester into its parts. Any text is accepted; unknown forms are [`PrincipalKind::Other`].
    ///
    /// A null requester (`-` in the log) is anonymous: `Principal::parse("-")`.
    pub fn parse(requester: &'a str) -> Principal<'a> {
        match requester {
            // "Anonymous" was used in the first years of the format.
            "" | "-" | "Anonymous" => return Principal::from_kind(PrincipalKind::Anonymous),
            "AmazonS3" => return Principal::from_kind(PrincipalKind::AmazonS3),
            _ => {}
        }
        if let Some(arn) = requester.strip_prefix("arn:") {
            return Principal::parse_arn(arn).unwrap_or(Principal::from_kind(PrincipalKind::Other));
        }
        if let Some(service) = requester.strip_prefix("svc:") {
            return Principal { name: part(service), ..Principal::from_kind(PrincipalKind::Service) };
        }
        if is_hex(requester) {
            // Only their length distinguishes legacy origin access identities from users. Shortened ids, as
            // in the documentation, still count as ids; shorter text could be anything.
            let kind = match requester.len() {
                96 => PrincipalKind::CloudFrontOai,
                32.. => PrincipalKind::CanonicalUser,
                _ => PrincipalKind::Other,
            };
            return Principal { name: Some(requester), ..Principal::from_kind(kind) };
        }
        Principal::from_kind(PrincipalKind::Other)
    }

    const fn from_kind(kind: PrincipalKind) -> Principal<'a> {
        Principal { kind, partition: None, account: None, path: None, name: None, role: None, session: None }
    }

    /// Parses `partition:service:region:account:resource`, the text after `arn:`.
    fn parse_arn(arn: &'a str) -> Option<Principal<'a>> {
        let mut parts = arn.splitn(5, ':');
        let partition = parts.next()?;
        let service = parts.next()?;
        let _region = parts.next()?;
        let owner = parts.next()?;
        let resource = parts.next()?;
        let account = is_account(owner).then_some(owner);
        let found =
            Principal { partition: part(partition), account, ..Principal::from_kind(PrincipalKind::Other) };
        let (kind, rest) = match resource.split_once('/') {
            Some((kind, rest)) => (kind, rest),
            None => (resource, ""),
        };
        Some(match (service, kind) {
            ("iam", "user") if owner == "cloudfront" => {
                Principal { kind: PrincipalKind::CloudFrontOai, name: last_word(rest), ..found }
            }
            ("iam", "user") => {
                let (path, name) = path_and_name(resource, rest);
                Principal { kind: PrincipalKind::IamUser, path, name, ..found }
            }
            ("iam", "role") => {
                let (path, name) = path_and_name(resource, rest);
                Principal { kind: PrincipalKind::Role, path, name, role: name, ..found }
            }
            ("iam", "root") => Principal { kind: PrincipalKind::Root, ..found },
            ("sts", "assumed-role") => {
                let (role, session) = match rest.split_once('/') {
                    Some((role, session)) => (part(role), part(session)),
                    None => (part(rest), None),
                };
                Principal { kind: PrincipalKind::AssumedRole, name: role, role, session, ..found }
            }
            ("sts", "federated-user") => {
                Principal { kind: PrincipalKind::FederatedUser, name: part(rest), ..found }
            }
            _ => found,
        })
    }

    /// Whether this is a session of AWS's single sign-on (IAM Identity Center); the session then names the person.
    pub fn is_single_sign_on(&self) -> bool {
        self.role.is_some_and(|role| role.starts_with("AWSReservedSSO_"))
    }

    /// Whether this is S3 replication.
    pub fn is_replication(&self) -> bool {
        self.kind == PrincipalKind::AssumedRole && self.session == Some("s3-replication")
    }

    /// Whether AWS itself is acting (S3, a service, CloudFront, replication) rather than a customer.
    pub fn is_aws(&self) -> bool {
        matches!(self.kind, PrincipalKind::AmazonS3 | PrincipalKind::Service | PrincipalKind::CloudFrontOai)
            || self.is_replication()
    }
}

fn part(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Path (including its slashes) and name of `user/teams/data/ann`; `rest` is the text after the first slash.
fn path_and_name<'a>(resource: &'a str, rest: &'a str) -> (Option<&'a str>, Option<&'a str>) {
    let Some(slash) = rest.rfind('/') else { return (None, part(rest)) };
    let start = resource.len() - rest.len() - 1;
    (Some(&resource[start..start + slash + 2]), part(&rest[slash + 1..]))
}

/// The identity's own id: the text before it is the same for all identities.
fn last_word(text: &str) -> Option<&str> {
    text.rsplit(' ').next().and_then(part)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parts(requester: &str) -> [Option<&str>; 6] {
        let p = Principal::parse(requester);
        [p.partition, p.account, p.path, p.name, p.role, p.session]
    }

    fn kind(requester: &str) -> PrincipalKind {
        Principal::parse(requester).kind
    }

    #[test]
    fn anonymous_requesters() {
        for requester in ["-", "", "Anonymous"] {
            assert_eq!(Principal::parse(requester), Principal::from_kind(PrincipalKind::Anonymous));
        }
    }

    #[test]
    fn canonical_ids() {
        let id = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
        assert_eq!(kind(id), PrincipalKind::CanonicalUser);
        assert_eq!(parts(id)[3], Some(id));
        assert_eq!(kind(&id[..62]), PrincipalKind::CanonicalUser);
        assert_eq!(kind(&[id, &id[..32]].concat()), PrincipalKind::CloudFrontOai);
        assert_eq!(kind("deadbeef"), PrincipalKind::Other);
        assert_eq!(kind(&id.replace('f', "g")), PrincipalKind::Other);
    }

    #[test]
    fn users() {
        let ann = "arn:aws:iam::111122223333:user/ann";
        assert_eq!(kind(ann), PrincipalKind::IamUser);
        assert_eq!(parts(ann), [Some("aws"), Some("111122223333"), None, Some("ann"), None, None]);
        let pathed = "arn:aws-cn:iam::111122223333:user/teams/data/ann+x=y,z@example.org";
        assert_eq!(
            parts(pathed),
            [
                Some("aws-cn"),
                Some("111122223333"),
                Some("/teams/data/"),
                Some("ann+x=y,z@example.org"),
                None,
                None
            ]
        );
        assert_eq!(kind("arn:aws:iam::111122223333:root"), PrincipalKind::Root);
        assert_eq!(parts("arn:aws:iam::111122223333:root")[1], Some("111122223333"));
    }

    #[test]
    fn roles_and_sessions() {
        let session =
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann@example.org";
        assert_eq!(kind(session), PrincipalKind::AssumedRole);
        let sso = "AWSReservedSSO_Admin_0123456789abcdef";
        assert_eq!(
            parts(session),
            [Some("aws"), Some("111122223333"), None, Some(sso), Some(sso), Some("ann@example.org")]
        );
        assert!(Principal::parse(session).is_single_sign_on());

        let replica = Principal::parse("arn:aws-us-gov:sts::111122223333:assumed-role/copy/s3-replication");
        assert!(replica.is_replication() && replica.is_aws() && !replica.is_single_sign_on());
        assert_eq!(replica.partition, Some("aws-us-gov"));

        let bare = Principal::parse("arn:aws:sts::111122223333:assumed-role/copy");
        assert_eq!((bare.role, bare.session), (Some("copy"), None));

        let role = Principal::parse("arn:aws:iam::111122223333:role/service-role/loader");
        assert_eq!(role.kind, PrincipalKind::Role);
        assert_eq!(
            (role.path, role.name, role.role),
            (Some("/service-role/"), Some("loader"), Some("loader"))
        );

        let federated = Principal::parse("arn:aws:sts::111122223333:federated-user/ann");
        assert_eq!((federated.kind, federated.name), (PrincipalKind::FederatedUser, Some("ann")));
    }

    #[test]
    fn cloudfront() {
        let identity = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE0OAI";
        assert_eq!(kind(identity), PrincipalKind::CloudFrontOai);
        assert_eq!(parts(identity), [Some("aws"), None, None, Some("E2EXAMPLE0OAI"), None, None]);
        assert!(Principal::parse(identity).is_aws());
        let control = Principal::parse("svc:cloudfront.amazonaws.com");
        assert_eq!((control.kind, control.name), (PrincipalKind::Service, Some("cloudfront.amazonaws.com")));
    }

    #[test]
    fn services() {
        assert_eq!(kind("svc:delivery.logs.amazonaws.com"), PrincipalKind::Service);
        assert_eq!(kind("AmazonS3"), PrincipalKind::AmazonS3);
        assert!(Principal::parse("AmazonS3").is_aws());
        assert_eq!(parts("svc:")[3], None);
    }

    #[test]
    fn anything_else_is_other_and_has_no_empty_part() {
        for requester in [
            "arn:",
            "arn:aws:iam",
            "arn:aws:iam::111122223333",
            "arn:aws:s3:::bucket",
            "amazons3",
            "ann",
            "arn:aws:iam::111122223333:group/x",
            " -",
            "é",
        ] {
            assert_eq!(kind(requester), PrincipalKind::Other, "{requester}");
        }
        for requester in [
            "arn::iam:::user/",
            "arn:aws:sts::1:assumed-role//",
            "arn:aws:iam::1:user//",
            "arn:aws:iam::cloudfront:user/x ",
        ] {
            assert!(parts(requester).iter().flatten().all(|text| !text.is_empty()), "{requester}");
        }
        assert_eq!(parts("arn:aws:iam::1111:user/ann")[1], None, "an account has twelve digits");
    }
}

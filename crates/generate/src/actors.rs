//! The senders of requests: principals with their addresses, user agents and endpoints. Each principal of a bucket
//! keeps its address, and people sleep at night.

use std::fmt::Write;

use fastrand::Rng;

use super::buckets::{ACCOUNT, Bucket, Purpose};
use super::random::{build_text, pick, push_alphanumeric, push_code, push_hex, seeded};
use super::row::{Row, col};

/// The role of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An application of the account.
    Service,
    /// A person of the account; works from 8 to 18 UTC, Monday to Friday.
    Person,
    /// A foreign account, identified by its canonical id.
    Partner,
    /// A visitor of the website endpoint.
    Visitor,
    /// CloudFront, with an origin access control or identity.
    Edge,
    /// A customer with a presigned URL.
    Customer,
    /// S3's replication.
    Replication,
}

/// One principal at one address.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) kind: Kind,
    pub(crate) requester: Option<String>,
    pub(crate) ip: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) region: Option<&'static str>,
    pub(crate) host: Option<String>,
    pub(crate) tls: Option<(&'static str, &'static str)>,
    pub(crate) access_point: Option<String>,
    /// Requests name the bucket in the path.
    pub(crate) path_style: bool,
}

impl Actor {
    /// Writes the principal's fields of a row.
    pub(crate) fn fill(&self, row: &mut Row) {
        row.put(col::REQUESTER, self.requester.as_deref());
        row.put(col::IP, self.ip.as_deref());
        row.put(col::AGENT, self.agent.as_deref());
        row.put(col::REGION, self.region);
        row.put(col::HOST, self.host.as_deref());
        row.put(col::TLS, self.tls.map(|(version, _)| version));
        row.put(col::CIPHER, self.tls.map(|(_, cipher)| cipher));
        row.put(col::ACCESS_POINT, self.access_point.as_deref());
        let is_signed = self.requester.is_some();
        row.put(col::SIGNATURE, is_signed.then_some("SigV4"));
        row.put(
            col::AUTH,
            is_signed.then_some(if self.kind == Kind::Customer { "QueryString" } else { "AuthHeader" }),
        );
    }
}

/// TLS 1.3 and 1.2 as used by current clients.
pub(crate) const TLS13: (&str, &str) = ("TLSv1.3", "TLS_AES_128_GCM_SHA256");
pub(crate) const TLS12: (&str, &str) = ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256");

/// Browsers.
pub(crate) const BROWSERS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Mobile Safari/537.36",
];

/// The principals of one bucket, by role.
pub(crate) struct Pool {
    pub(crate) services: Vec<Actor>,
    pub(crate) people: Vec<Actor>,
    pub(crate) partners: Vec<Actor>,
    pub(crate) visitors: Vec<Actor>,
    pub(crate) edges: Vec<Actor>,
    pub(crate) customers: Vec<Actor>,
    pub(crate) replication: Actor,
    pub(crate) refused: Actor,
    pub(crate) pipeline: Actor,
    pub(crate) audit: Actor,
}

/// Creates the principals of a bucket; busier buckets have more, so that no principal stands out.
pub(crate) fn pool(bucket: &Bucket, seed: u64, scale: usize) -> Pool {
    let rng = &mut seeded(seed, &[2, bucket.index as u64]);
    let many = |rng: &mut Rng, count: usize, make: fn(&mut Rng, &Bucket, usize) -> Actor| -> Vec<Actor> {
        (0..count).map(|at| make(rng, bucket, at)).collect()
    };
    Pool {
        services: many(rng, 12 * scale, service),
        people: many(rng, 6 * scale, person),
        partners: many(rng, 2, partner),
        visitors: many(rng, 240 * scale, visitor),
        edges: many(rng, 2, edge),
        customers: many(rng, 60 * scale, customer),
        replication: replication(bucket),
        refused: role(
            bucket,
            &format!("legacy-{}", bucket.purpose.short()),
            "i-0c0ffee0ddba11ad5",
            &format!("10.40.7.{}", 19 + bucket.index % 200),
        ),
        pipeline: role(bucket, "ci-deploy", "terraform-apply", "198.19.20.4"),
        audit: role(bucket, "config-recorder", "AWSConfig-Describe", "198.19.44.10"),
    }
}

/// The bucket's endpoint.
pub(crate) fn endpoint(bucket: &Bucket) -> String {
    format!("{}.s3.{}.amazonaws.com", bucket.name, bucket.region)
}

/// A session of a role in the account.
pub(crate) fn role(bucket: &Bucket, name: &str, session: &str, ip: &str) -> Actor {
    Actor {
        kind: Kind::Service,
        requester: Some(format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}")),
        ip: Some(ip.to_owned()),
        agent: Some("Boto3/1.36.21 md/Botocore#1.36.21 ua/2.0 os/linux#6.1.129 md/arch#x86_64 lang/python#3.12.9 md/pyimpl#CPython cfg/retry-mode#standard".to_owned()),
        region: Some(bucket.region),
        host: Some(endpoint(bucket)),
        tls: Some(TLS13),
        access_point: None,
        path_style: false,
    }
}

fn service_agent(rng: &mut Rng, purpose: Purpose) -> String {
    let patch = rng.u8(..40);
    match (purpose, rng.u8(..6)) {
        (Purpose::Lake, 0..=1) => format!(
            "Hadoop 3.3.6-amzn-{}, aws-sdk-java/2.29.{patch} md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.129-138.220.amzn2023.x86_64 lang/java#17.0.14 md/OpenJDK_64-Bit_Server_VM#17.0.14+7-LTS vendor/Amazon.com_Inc.",
            rng.u8(..6)
        ),
        (_, 0 | 3) => format!(
            "aws-sdk-java/1.12.{} Linux/5.10.234-225.921.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/11.0.26+4-LTS java/11.0.26 vendor/Amazon.com_Inc. cfg/retry-mode/legacy",
            700 + u16::from(patch)
        ),
        (_, 1) => format!(
            "aws-sdk-go-v2/1.36.{patch} ua/2.1 os/linux lang/go#1.24.1 md/GOOS#linux md/GOARCH#arm64 api/s3#1.78.{patch} m/E,Z"
        ),
        (_, 2) => format!(
            "aws-sdk-js/3.758.{patch} ua/2.1 os/linux#5.10.233 lang/js md/nodejs#22.14.0 api/s3#3.758.{patch} exec-env/AWS_Lambda_nodejs22.x"
        ),
        _ => format!(
            "Boto3/1.37.{patch} md/Botocore#1.37.{patch} ua/2.0 os/linux#6.1.128 md/arch#x86_64 lang/python#3.12.9 md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 cfg/retry-mode#standard"
        ),
    }
}

fn service(rng: &mut Rng, bucket: &Bucket, at: usize) -> Actor {
    let roles: &[&str] = match bucket.purpose {
        Purpose::Lake => &["emr-etl", "glue-curate", "athena-reader", "firehose-ingest", "metrics-rollup"],
        Purpose::Media => &["image-resizer", "catalogue-api", "media-ingest"],
        Purpose::Website => &["site-deploy", "site-search"],
        Purpose::Uploads => &["upload-api", "virus-scan", "ocr-worker"],
        Purpose::Archive => &["snapshot-writer", "restore-check"],
        Purpose::AppLogs => &["log-shipper", "log-indexer"],
        Purpose::Models => &["trainer", "inference", "feature-store"],
        Purpose::Reports => &["report-builder", "mail-merge"],
    };
    let name = format!("{}-{}", roles[at % roles.len()], bucket.purpose.short());
    let private = rng.u8(..3) > 0;
    let session = if private {
        build_text(|out| {
            out.push_str("i-0");
            push_hex(rng, out, 16);
        })
    } else {
        format!("{name}-fn-{at:03}")
    };
    let ip = match (private, at % 9) {
        (true, _) => format!("10.{}.{}.{}", 20 + bucket.index % 8, rng.u8(..), rng.u8(1..255)),
        (false, 4) => build_text(|out| {
            out.push_str("2001:db8:40::");
            push_hex(rng, out, 4);
            let _ = write!(out, ":{:x}", rng.u16(0x1000..));
        }),
        _ => format!("198.19.{}.{}", rng.u8(64..), rng.u8(1..255)),
    };
    let mut actor = role(bucket, &name, &session, &ip);
    actor.agent = Some(service_agent(rng, bucket.purpose));
    access_paths(rng, bucket, private, &mut actor);
    actor
}

/// Interface endpoints, access points, the old global endpoint, path-style requests.
fn access_paths(rng: &mut Rng, bucket: &Bucket, private: bool, actor: &mut Actor) {
    if rng.u8(..3) == 0 {
        actor.tls = Some(TLS12);
    }
    match rng.u8(..12) {
        0 | 1 if private => {
            let id = build_text(|out| push_hex(rng, out, 17));
            actor.host = Some(format!(
                "{}.bucket.vpce-{id}-k3x9q7vd.s3.{}.vpce.amazonaws.com",
                bucket.name, bucket.region
            ));
            actor.tls = Some(TLS12);
            actor.region = None;
        }
        2 => {
            let name = format!("{}-ap", bucket.purpose.short());
            actor.host = Some(format!("{name}-{ACCOUNT}.s3-accesspoint.{}.amazonaws.com", bucket.region));
            actor.access_point = Some(format!("arn:aws:s3:{}:{ACCOUNT}:accesspoint/{name}", bucket.region));
        }
        3 => actor.host = Some(format!("{}.s3.amazonaws.com", bucket.name)),
        4 => {
            actor.host = Some(format!("s3.{}.amazonaws.com", bucket.region));
            actor.path_style = true;
        }
        _ => {}
    }
}

fn person(rng: &mut Rng, bucket: &Bucket, at: usize) -> Actor {
    let first =
        pick(rng, &["anna", "bela", "chiara", "dmitri", "emre", "fatou", "georg", "hana", "ines", "jun"]);
    let last = pick(rng, &["weber", "novak", "rossi", "ito", "diallo", "meyer", "lund", "kaya"]);
    let name = format!("{first}.{last}{at}");
    let (requester, agent) = match at % 3 {
        0 => (
            format!("arn:aws:iam::{ACCOUNT}:user/{}{name}", if at.is_multiple_of(2) { "staff/" } else { "" }),
            format!(
                "aws-cli/2.24.{} md/awscrt#0.23.8 ua/2.1 os/macos#24.3.0 md/arch#arm64 lang/python#3.12.9 md/pyimpl#CPython m/W,Z,b cfg/retry-mode#standard md/installer#exe md/command#s3.cp",
                at % 25
            ),
        ),
        _ => (
            format!(
                "arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_{}_3f1c9a7d2e5b8046/{name}@halite.example",
                pick(rng, &["Developer", "DataScientist", "PowerUser"])
            ),
            if at % 3 == 1 {
                "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10.234 OpenJDK_64-Bit_Server_VM/25.442-b06 java/1.8.0_442 vendor/Oracle_Corporation cfg/retry-mode/standard]".to_owned()
            } else {
                format!(
                    "Boto3/1.36.{} md/Botocore#1.36.3 ua/2.0 os/windows#10 md/arch#amd64 lang/python#3.11.9 md/pyimpl#CPython cfg/retry-mode#legacy",
                    at % 30
                )
            },
        ),
    };
    let ip = if at % 4 == 3 {
        format!("2001:db8:{:x}:{:x}::{:x}", rng.u16(0x100..), rng.u16(..), rng.u8(1..))
    } else {
        format!("203.0.113.{}", rng.u8(1..120))
    };
    Actor {
        kind: Kind::Person,
        requester: Some(requester),
        ip: Some(ip),
        agent: Some(agent),
        region: None,
        host: Some(endpoint(bucket)),
        tls: Some(TLS13),
        access_point: None,
        path_style: false,
    }
}

fn partner(rng: &mut Rng, bucket: &Bucket, at: usize) -> Actor {
    let mut actor = role(bucket, "", "", "");
    actor.kind = Kind::Partner;
    actor.requester = Some(build_text(|out| push_hex(rng, out, 64)));
    actor.ip = Some(format!("198.51.100.{}", 10 + at));
    actor.region = None;
    actor
}

fn visitor(rng: &mut Rng, bucket: &Bucket, at: usize) -> Actor {
    let agent = match at % 12 {
        10 => "curl/8.12.1".to_owned(),
        11 => "Mozilla/5.0 (compatible; SearchBot/2.1; +https://search.example/bot.html)".to_owned(),
        _ => (*pick(rng, &BROWSERS)).to_owned(),
    };
    let ip = if at.is_multiple_of(5) {
        format!("2001:db8:{:x}::{:x}", rng.u16(0x1000..), rng.u16(1..))
    } else {
        format!("198.18.{}.{}", rng.u8(..), rng.u8(1..255))
    };
    Actor {
        kind: Kind::Visitor,
        requester: None,
        ip: Some(ip),
        agent: Some(agent),
        region: None,
        host: Some(format!("{}.s3-website.{}.amazonaws.com", bucket.name, bucket.region)),
        tls: None,
        access_point: None,
        path_style: false,
    }
}

fn customer(rng: &mut Rng, bucket: &Bucket, at: usize) -> Actor {
    let mut actor = visitor(rng, bucket, at % 10);
    actor.kind = Kind::Customer;
    actor.requester =
        Some(format!("arn:aws:sts::{ACCOUNT}:assumed-role/{}-signer/link-service", bucket.purpose.short()));
    actor.host = Some(endpoint(bucket));
    actor.tls = Some(TLS13);
    actor
}

fn edge(rng: &mut Rng, bucket: &Bucket, at: usize) -> Actor {
    let mut actor = role(bucket, "", "", "");
    actor.kind = Kind::Edge;
    actor.tls = Some(TLS12);
    if at == 0 {
        actor.requester = Some("svc:cloudfront.amazonaws.com".to_owned());
        actor.ip = None;
        actor.agent = None;
        actor.region = None;
    } else {
        let identity = build_text(|out| push_code(rng, out, 13));
        actor.requester =
            Some(format!("arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E{identity}"));
        actor.ip = Some(format!("198.19.8.{}", rng.u8(1..255)));
        actor.agent = Some("Amazon CloudFront".to_owned());
    }
    actor
}

fn replication(bucket: &Bucket) -> Actor {
    let mut actor = role(bucket, "replicate-out", "s3-replication", "");
    actor.kind = Kind::Replication;
    actor.ip = None;
    actor.agent = None;
    actor.region = None;
    actor
}

/// A version id.
pub(crate) fn version_id(rng: &mut Rng) -> String {
    build_text(|out| push_alphanumeric(rng, out, 32))
}

impl Purpose {
    /// A short name for roles.
    pub(crate) fn short(self) -> &'static str {
        match self {
            Self::Lake => "lake",
            Self::Media => "media",
            Self::Website => "www",
            Self::Uploads => "uploads",
            Self::Archive => "archive",
            Self::AppLogs => "applogs",
            Self::Models => "models",
            Self::Reports => "reports",
        }
    }
}

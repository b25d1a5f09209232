//! The callers of a scenario: requester, source IP, user agent.

/// Current user agents of clients.
pub(super) mod agent {
    pub(crate) const CLI: &str = "aws-cli/2.27.12 md/awscrt#0.26.1 ua/2.1 os/linux#6.12.9 md/arch#x86_64 lang/python#3.13.3 md/pyimpl#CPython m/b,E,Z cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#s3.sync";
    pub(crate) const CLI_API: &str = "aws-cli/2.27.12 md/awscrt#0.26.1 ua/2.1 os/macos#24.4.0 md/arch#arm64 lang/python#3.13.3 md/pyimpl#CPython m/b,E,Z cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#s3api.get-bucket-policy";
    pub(crate) const BOTO: &str = "Boto3/1.38.7 md/Botocore#1.38.7 ua/2.1 os/linux#6.1.132-147.221.amzn2023.x86_64 md/arch#x86_64 lang/python#3.12.10 md/pyimpl#CPython m/b,Z,D cfg/retry-mode#legacy Botocore/1.38.7";
    pub(crate) const JAVA: &str = "aws-sdk-java/2.31.33 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.132 lang/java#21.0.7 md/OpenJDK_64-Bit_Server_VM#21.0.7+6-LTS vendor/Amazon.com_Inc. m/D,N";
    pub(crate) const GO: &str = "aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.2 md/GOOS#linux md/GOARCH#arm64 api/s3#1.79.3 m/E,Z,e";
    pub(crate) const RUST: &str = "aws-sdk-rust/1.3.7 ua/2.1 api/s3/1.85.0 os/linux lang/rust/1.86.0";
    pub(crate) const HADOOP: &str = "Hadoop 3.4.1-amzn-0, aws-sdk-java/2.31.33 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.132 lang/java#17.0.15 md/OpenJDK_64-Bit_Server_VM#17.0.15+6-LTS vendor/Amazon.com_Inc.";
    pub(crate) const TRINO: &str = "aws-sdk-java/2.31.33 md/io#async md/http#NettyNio ua/2.1 os/Linux#6.1.132 lang/java#23.0.2 app/trino-475";
    pub(crate) const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-aws/5.96.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.8 md/GOOS#linux md/GOARCH#amd64 api/s3#1.79.2";
    pub(crate) const CONSOLE: &str = "S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.783 Linux/5.10.236 OpenJDK_64-Bit_Server_VM/25.452-b09 java/1.8.0_452 vendor/Oracle_Corporation";
    pub(crate) const RCLONE: &str = "rclone/v1.69.2";
    pub(crate) const RESTIC: &str = "restic/0.18.0 MinIO (linux; amd64) minio-go/v7.0.90";
    pub(crate) const DATASYNC: &str =
        "aws-datasync-agent/2.0 aws-sdk-cpp/1.11.560 ua/2.1 os/Linux#5.10.236 lang/c++#C++17";
    pub(crate) const CONFIG: &str = "config.amazonaws.com";
    pub(crate) const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36";
    pub(crate) const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:138.0) Gecko/20100101 Firefox/138.0";
    pub(crate) const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1";
    pub(crate) const ANDROID: &str = "okhttp/4.12.0";
    pub(crate) const CURL: &str = "curl/8.13.0";
    pub(crate) const WGET: &str = "Wget/1.25.0";
    pub(crate) const PYTHON: &str = "python-requests/2.32.3";
    pub(crate) const CRAWLER: &str =
        "Mozilla/5.0 (compatible; LibraryCrawler/3.2; +https://crawler.example/about)";
    pub(crate) const BING: &str = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)";
}

/// One principal at one source IP.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// As logged; `None` is anonymous.
    pub(super) requester: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) agent: Option<String>,
    /// Plain HTTP.
    pub(super) plain: bool,
    /// Requests are presigned by this access key, valid for this many seconds.
    pub(super) link: Option<(String, u32)>,
}

impl Caller {
    fn new(requester: Option<String>, ip: &str, agent: &str) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self { requester, ip: some(ip), agent: some(agent), plain: false, link: None }
    }

    /// A session of a role.
    pub(super) fn role(account: &str, role: &str, session: &str, ip: &str, agent: &str) -> Self {
        Self::new(Some(format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")), ip, agent)
    }

    /// A user with access keys.
    pub(super) fn user(account: &str, name: &str, ip: &str, agent: &str) -> Self {
        Self::new(Some(format!("arn:aws:iam::{account}:user/{name}")), ip, agent)
    }

    /// A person signed in through single sign-on; the session is the e-mail address.
    pub(super) fn person(account: &str, set: &str, mail: &str, ip: &str, agent: &str) -> Self {
        Self::role(account, &format!("AWSReservedSSO_{set}_7c41d09be2f85a36"), mail, ip, agent)
    }

    /// An AWS service, without an address.
    pub(super) fn service(name: &str) -> Self {
        Self::new(Some(format!("svc:{name}.amazonaws.com")), "", "")
    }

    /// An anonymous caller.
    pub(super) fn anonymous(ip: &str, agent: &str) -> Self {
        Self::new(None, ip, agent)
    }

    /// The same caller at another source IP.
    pub(super) fn at(&self, ip: &str) -> Self {
        Self { ip: Some(ip.to_owned()), ..self.clone() }
    }

    /// The same caller with another user agent.
    pub(super) fn by(&self, agent: &str) -> Self {
        Self { agent: Some(agent.to_owned()), ..self.clone() }
    }

    /// The same role in another session.
    pub(super) fn session(&self, name: &str) -> Self {
        let requester = self.requester.as_deref().and_then(|arn| arn.rsplit_once('/'));
        Self { requester: requester.map(|(role, _)| format!("{role}/{name}")), ..self.clone() }
    }

    /// The user of a URL that this principal signed; the key is a session's.
    pub(super) fn holder(&self, key_id: &str, seconds: u32, ip: &str, agent: &str) -> Self {
        Self { link: Some((key_id.to_owned(), seconds)), ..self.at(ip).by(agent) }
    }
}

/// Role or user without the session, for the ground truth: the ARN up to the session's slash.
pub(super) fn principal(requester: Option<&str>) -> String {
    match requester {
        None => "anonymous".to_owned(),
        Some(arn) if arn.contains(":assumed-role/AWSReservedSSO_") => arn.to_owned(),
        Some(arn) if arn.contains(":assumed-role/") => {
            arn.rsplit_once('/').map_or(arn, |(role, _)| role).to_owned()
        }
        Some(arn) => arn.to_owned(),
    }
}

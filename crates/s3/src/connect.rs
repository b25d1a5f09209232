//! Creates a client from the environment.

use std::sync::Arc;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::RetryConfig;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key, AwsCredentialProvider};
use object_store::client::{ClientConfigKey, HttpConnector};

use crate::bucket::Bucket;
use crate::environment::settings;
use crate::error::{Problem, chain};
use crate::limiter::LimitedConnector;
use crate::profile::Profile;
use crate::runtime;
use crate::sign::Signer;

impl Bucket {
    /// Uses the same environment as AWS's own tools: keys, a profile, web identity, the role of a container
    /// or of an instance, in this order; also region and endpoint.
    pub(crate) fn from_environment(name: &str) -> Result<Self, Problem> {
        let builder = AmazonS3Builder::from_env().with_bucket_name(name);
        let builder = with_profile(builder);
        let value = |key: Key| builder.get_config_value(&key).filter(|value| !value.is_empty());
        let is_true = |key: Key| value(key).is_some_and(|value| value == "true" || value == "1");
        let region = value(Key::Region).unwrap_or_else(|| "us-east-1".to_owned());
        let endpoint = value(Key::S3Endpoint).or_else(|| value(Key::Endpoint));
        let allow_http = is_true(Key::Client(ClientConfigKey::AllowHttp));
        check_endpoint(endpoint.as_deref(), allow_http)?;
        let is_virtual = is_true(Key::VirtualHostedStyleRequest);
        let endpoint = match endpoint.map(|endpoint| endpoint.trim_end_matches('/').to_owned()) {
            Some(endpoint) if is_virtual => endpoint,
            Some(endpoint) => format!("{endpoint}/{name}"),
            None if is_virtual => format!("https://{name}.s3.{region}.amazonaws.com"),
            None => format!("https://s3.{region}.amazonaws.com/{name}"),
        };
        let anonymous = settings().anonymous || is_true(Key::SkipSignature);
        let requester_pays = settings().requester_pays || is_true(Key::RequestPayer);
        let gate = || Ok::<_, Problem>(LimitedConnector { runtime: runtime::handle()?.clone() });
        let options = ClientOptions::new().with_allow_http(allow_http).with_timeout_disabled();
        let wrong = |error: object_store::Error| Problem::Setting(chain(&error));
        let client = gate()?.connect(&options).map_err(wrong)?;
        let builder = builder
            .with_http_connector(gate()?)
            .with_skip_signature(anonymous)
            .with_request_payer(requester_pays)
            // The limiter sets timeouts; object_store's own would break large responses over slow lines.
            .with_config(Key::Client(ClientConfigKey::Timeout), "86400s");
        let credentials = if anonymous { None } else { Some(credentials(&builder)?) };
        let builder = match &credentials {
            Some(credentials) => builder.with_credentials(Arc::clone(credentials)),
            None => builder,
        };
        let retries = RetryConfig { max_retries: settings().retries as usize, ..RetryConfig::default() };
        let store = Arc::new(builder.with_retry(retries).build().map_err(wrong)?);
        let url = url::Url::parse(&endpoint).map_err(|error| Problem::Setting(error.to_string()))?;
        Ok(Self {
            name: name.to_owned(),
            origin: url[..url::Position::BeforePath].to_owned(),
            host: url[url::Position::BeforeHost..url::Position::AfterPort].to_owned(),
            path: url.path().trim_end_matches('/').to_owned(),
            signer: Signer::new(region),
            credentials,
            requester_pays,
            client,
            store,
        })
    }
}

/// Adds the settings of a profile where the variables are unset.
fn with_profile(builder: AmazonS3Builder) -> AmazonS3Builder {
    let has = |key: Key| builder.get_config_value(&key).is_some();
    let needs_keys = !has(Key::AccessKeyId)
        && !has(Key::WebIdentityTokenFile)
        && !has(Key::ContainerCredentialsRelativeUri)
        && !has(Key::ContainerCredentialsFullUri);
    let needs_region = !has(Key::Region);
    let profile = Profile::read();
    let mut builder = builder;
    if let (true, Some(id), Some(secret)) = (needs_keys, profile.access_key_id, profile.secret_access_key) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        if let Some(token) = profile.token {
            builder = builder.with_token(token);
        }
    }
    match profile.region {
        Some(region) if needs_region => builder.with_region(region),
        _ => builder,
    }
}

/// The credentials provider. It gives up early: without credentials, it queries an instance metadata service
/// that may not exist.
fn credentials(builder: &AmazonS3Builder) -> Result<AwsCredentialProvider, Problem> {
    let few = RetryConfig { max_retries: 1, retry_timeout: Duration::from_secs(5), ..RetryConfig::default() };
    let built =
        builder.clone().with_retry(few).build().map_err(|error| Problem::NoCredentials(chain(&error)))?;
    Ok(Arc::clone(built.credentials()))
}

fn check_endpoint(endpoint: Option<&str>, allow_http: bool) -> Result<(), Problem> {
    let Some(endpoint) = endpoint else { return Ok(()) };
    let wrong = |why: &str| Err(Problem::Setting(format!("the endpoint {endpoint} {why}")));
    match url::Url::parse(endpoint) {
        Err(error) => wrong(&format!("is not a URL: {error}")),
        Ok(url) if !url.has_host() => wrong("has no host"),
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            wrong("has more than a host and a path")
        }
        Ok(url) => match url.scheme() {
            "https" => Ok(()),
            "http" if allow_http => Ok(()),
            "http" => wrong("is not encrypted; set AWS_ALLOW_HTTP=true to allow this"),
            _ => wrong("is neither http nor https"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::check_endpoint;

    #[test]
    fn endpoints_are_urls_and_plain_http_needs_permission() {
        assert!(check_endpoint(None, false).is_ok());
        assert!(check_endpoint(Some("https://minio.example:9000"), false).is_ok());
        assert!(check_endpoint(Some("http://127.0.0.1:9000"), true).is_ok());
        for (endpoint, message) in [
            ("http://127.0.0.1:9000", "AWS_ALLOW_HTTP"),
            ("minio.example:9000", "host"),
            ("ftp://x", "neither"),
            ("https://x?y", "more than"),
            ("", "not a URL"),
        ] {
            let problem = check_endpoint(Some(endpoint), false);
            assert!(problem.is_err_and(|problem| problem.to_string().contains(message)), "{endpoint}");
        }
    }
}

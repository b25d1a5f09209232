//! Reads keys of a profile from the files of the AWS command line.

use std::collections::HashMap;
use std::path::PathBuf;

/// The settings of a profile.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) access_key_id: Option<String>,
    pub(crate) secret_access_key: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) region: Option<String>,
}

impl Profile {
    /// The profile named in the environment, or `default`. Does not log in (SSO, roles, processes).
    pub(crate) fn read() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let name = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
        let name = name.unwrap_or_else(|| "default".to_owned());
        let file = |of: &str, file: &str| {
            let home = || std::env::home_dir().map(|home| home.join(".aws").join(file));
            let path = variable(of).map(PathBuf::from).or_else(home);
            path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
        };
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let config = file("AWS_CONFIG_FILE", "config");
        Self::from_files(&name, &credentials, &config)
    }

    fn from_files(name: &str, credentials: &str, config: &str) -> Self {
        let in_config = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let mut values = section(config, &in_config);
        values.extend(section(credentials, name));
        Self {
            access_key_id: values.remove("aws_access_key_id"),
            secret_access_key: values.remove("aws_secret_access_key"),
            token: values.remove("aws_session_token"),
            region: values.remove("region"),
        }
    }
}

/// The values of a section of an INI file.
fn section(text: &str, wanted: &str) -> HashMap<String, String> {
    let mut values = HashMap::new();
    let mut is_in = false;
    for line in text.lines() {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            is_in = name.trim() == wanted;
        } else if let Some((name, value)) = line.split_once('=')
            && is_in
            && !line.starts_with([' ', '\t', '#', ';'])
        {
            values.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_have_keys_and_a_region() {
        let credentials = "[default]\naws_access_key_id = A\naws_secret_access_key=B=\n\n[other]\n\
                           # aws_access_key_id = no\naws_access_key_id=C\naws_secret_access_key=D\n\
                           aws_session_token=E\n";
        let config =
            "[default]\nregion = eu-west-1\ns3 =\n  region = no\n[profile other]\nregion=us-west-2\n";
        let some = |text: &str| Some(text.to_owned());
        let profile = Profile::from_files("default", credentials, config);
        assert_eq!((profile.access_key_id, profile.secret_access_key), (some("A"), some("B=")));
        assert_eq!((profile.token, profile.region), (None, some("eu-west-1")));
        let profile = Profile::from_files("other", credentials, config);
        assert_eq!(
            (profile.access_key_id, profile.token, profile.region),
            (some("C"), some("E"), some("us-west-2"))
        );
        assert_eq!(Profile::from_files("none", credentials, config), Profile::default());
    }
}

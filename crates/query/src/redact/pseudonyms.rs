//! Pseudonyms: with the same key, a value always has the same pseudonym.

use std::net::IpAddr;

/// The session name that S3 itself uses, which reveals nothing of a customer.
const REPLICATION: &[u8] = b"s3-replication";

/// Makes pseudonyms with the key.
pub(super) struct Pseudonyms(pub(super) [u8; 32]);

/// The key must not appear in Debug output.
impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Pseudonyms {
    /// `kind-0123456789abcdef`. Among ten million values, the probability that two share a pseudonym is 1 in
    /// 350,000.
    pub(super) fn get(&self, kind: &str, value: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(kind.as_bytes()).update(&[0]).update(value);
        let hash = hasher.finalize().to_hex();
        format!("{kind}-{}", &hash[..16])
    }

    /// The pseudonym of a role, user or session name. A role is identified by its name, with or without its path.
    pub(super) fn name(&self, kind: &str, name: &[u8]) -> String {
        if is_of_aws(kind, name) {
            return String::from_utf8_lossy(name).into_owned();
        }
        let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
        self.get(kind, if kind == "role" { last } else { name })
    }

    /// The pseudonym of an address, whatever its notation.
    pub(super) fn address(&self, address: IpAddr) -> String {
        match address.to_canonical() {
            IpAddr::V4(address) => self.get("ip", &address.octets()),
            IpAddr::V6(address) => self.get("ip", &address.octets()),
        }
    }
}

/// Whether S3 itself chose the session name.
fn is_of_aws(kind: &str, name: &[u8]) -> bool {
    kind == "session" && name == REPLICATION
}

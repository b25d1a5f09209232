//! Pseudonyms: the same value has the same one, as long as the key is the same.

use std::net::IpAddr;

/// The session that S3 itself names so, which says nothing of a customer.
const REPLICATION: &[u8] = b"s3-replication";

/// Makes pseudonyms with the key of the case.
pub(super) struct Pseudonyms(pub(super) [u8; 32]);

/// Without the key.
impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Pseudonyms {
    /// `kind-0123456789abcdef`. Of ten million values, two have the same one with a chance of 1 in 350,000.
    pub(super) fn get(&self, kind: &str, value: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(kind.as_bytes()).update(&[0]).update(value);
        let hash = hasher.finalize().to_hex();
        format!("{kind}-{}", &hash[..16])
    }

    /// Of the name of a role, a user or a session. A role is told by its name, whether or not its path is.
    pub(super) fn name(&self, kind: &str, name: &[u8]) -> String {
        if is_of_aws(kind, name) {
            return String::from_utf8_lossy(name).into_owned();
        }
        let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
        self.get(kind, if kind == "role" { last } else { name })
    }

    /// Of an address, however it is written.
    pub(super) fn address(&self, address: IpAddr) -> String {
        match address.to_canonical() {
            IpAddr::V4(address) => self.get("ip", &address.octets()),
            IpAddr::V6(address) => self.get("ip", &address.octets()),
        }
    }
}

/// Whether a session's name is one that S3 itself gives.
fn is_of_aws(kind: &str, name: &[u8]) -> bool {
    kind == "session" && name == REPLICATION
}

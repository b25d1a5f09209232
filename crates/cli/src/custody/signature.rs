//! Signatures in minisign's format: Ed25519 over the BLAKE2b hash of a file, and over a comment.

use std::io::Cursor;
use std::path::Path;

use minisign::{PublicKey, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};
use saltmine_lake::{Check, VerifyReport};

use super::{CustodyError, MAX_BYTES, checked, read};

/// File name suffix of a signature.
pub(super) const SIGNATURE_EXTENSION: &str = ".minisig";
/// Bytes of an Ed25519 signature.
const SIGNATURE_BYTES: usize = 64;
/// Environment variable for the password of a key.
const PASSWORD: &str = "SALTMINE_KEY_PASSWORD";

/// A secret key that is ready to sign.
pub(crate) struct Signer {
    key: SecretKey,
    path: String,
}

impl Signer {
    /// Opens a key file. The password comes from the environment, otherwise from the terminal.
    pub(super) fn open(path: &Path) -> Result<Self, CustodyError> {
        let shown = path.display().to_string();
        let problem = |problem: String| CustodyError::Key { path: shown.clone(), problem };
        let bytes = read(path, MAX_BYTES, "a key")?;
        let text = String::from_utf8(bytes).map_err(|_| problem("not a minisign secret key".into()))?;
        let boxed = || {
            SecretKeyBox::from_string(&text)
                .map_err(|error| problem(format!("not a minisign secret key: {error}")))
        };
        let key = match has_password(&text) {
            Some(false) => boxed()?.into_unencrypted_secret_key(),
            Some(true) => boxed()?.into_secret_key(Some(password(&shown)?)),
            None => return Err(problem("not a minisign secret key; minisign -G makes one".into())),
        };
        let key = key.map_err(|error| problem(error.to_string()))?;
        Ok(Self { key, path: shown })
    }

    /// The signature file of a report. Its comment, which is signed too, names the subject of the report.
    pub(super) fn sign(&self, bytes: &[u8], report: &VerifyReport) -> Result<String, CustodyError> {
        let comment = format!(
            "saltmine {} verified {} {} sources:{}",
            report.saltmine_version,
            report.verified_at,
            if report.passed() { "passed" } else { "FAILED" },
            report.sources_fingerprint,
        );
        let signed =
            minisign::sign(None, &self.key, bytes, Some(&comment), Some("signature of a saltmine report"));
        let signed = signed
            .map_err(|error| CustodyError::Key { path: self.path.clone(), problem: error.to_string() })?;
        Ok(signed.into_string())
    }
}

/// Checks whether the holder of a key signed the report.
pub(super) fn check(report: &[u8], signature: &Path, key: &str) -> Result<Check, CustodyError> {
    let key = public_key(key)?;
    let bytes = read(signature, MAX_BYTES, "a signature")?;
    let problem = |problem: String| CustodyError::NotOne {
        path: signature.display().to_string(),
        what: "a minisign signature",
        problem,
    };
    let text = String::from_utf8(bytes).map_err(|_| problem("it is not text".into()))?;
    let signature = parse(&text).map_err(problem)?;
    // Legacy signatures sign the file itself, which proves the same.
    let verified = minisign::verify(&key, &signature, Cursor::new(report), true, false, true);
    let problems = verified.err().map(|error| error.to_string());
    Ok(checked(
        "signature",
        "The report is, byte for byte, what the holder of the key signed.",
        problems.into_iter().collect(),
    ))
}

/// A complete signature. The crate does not check the length of the second signature.
fn parse(text: &str) -> Result<SignatureBox, String> {
    let lines: Vec<&str> = text.lines().collect();
    let [_, _, _, global] = lines[..] else {
        return Err(format!("it has {} lines instead of 4", lines.len()));
    };
    let decoded = base64_bytes(global).ok_or("its last line is not base 64")?;
    if decoded.len() != SIGNATURE_BYTES {
        return Err(format!("its last line has {} bytes instead of {SIGNATURE_BYTES}", decoded.len()));
    }
    SignatureBox::from_string(text).map_err(|error| error.to_string())
}

/// A file with a public key, or the key itself.
fn public_key(given: &str) -> Result<PublicKey, CustodyError> {
    let problem = |problem: String| CustodyError::NotOne {
        path: given.to_owned(),
        what: "a minisign public key",
        problem,
    };
    if !Path::new(given).exists() {
        let from_text = PublicKey::from_base64(given);
        return from_text.map_err(|_| problem("it is neither a file nor a key".into()));
    }
    let bytes = read(Path::new(given), MAX_BYTES, "a public key")?;
    let text = String::from_utf8(bytes).map_err(|_| problem("it is not text".into()))?;
    let boxed = PublicKeyBox::from_string(&text).and_then(PublicKeyBox::into_public_key);
    boxed.map_err(|error| problem(error.to_string()))
}

/// Whether a secret key is encrypted: bytes 2 and 3 name the key derivation function. `None` if it is not a key.
fn has_password(text: &str) -> Option<bool> {
    let bytes = base64_bytes(text.lines().nth(1)?)?;
    match bytes.get(2..4)? {
        [0, 0] => Some(false),
        b"Sc" => Some(true),
        _ => None,
    }
}

fn password(key: &str) -> Result<String, CustodyError> {
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(password);
    }
    rpassword::prompt_password(format!("Password of {key}: ")).map_err(|error| CustodyError::Key {
        path: key.to_owned(),
        problem: format!(
            "the key has a password, and it cannot be asked for ({error}); set {PASSWORD}, or sign with a key without one"
        ),
    })
}

fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()
}

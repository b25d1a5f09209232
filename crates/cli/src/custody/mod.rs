//! Chain of custody: signs a report of `saltmine verify` (minisign), time-stamps it (RFC 3161), and checks it later.
//!
//! The file of the report is signed and time-stamped as it is, so that minisign and openssl can check it too. The report
//! in turn identifies the dataset by fingerprints over all of its files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use saltmine_lake::{Check, VerifyReport};

use crate::args::CustodyArgs;
use crate::error::CustodyError;

mod der;
mod report;
mod signature;
mod timestamp;

/// Size limit for keys, signatures, requests, responses and certificates.
const MAX_BYTES: u64 = 1 << 20;
/// Size limit for reports, which list at most a few hundred files.
const MAX_REPORT_BYTES: u64 = 64 << 20;

/// Runs the requested checks. A failed check is not an error; it is part of the report.
pub(crate) fn check(
    args: &CustodyArgs,
    output: Option<&Path>,
    now: &VerifyReport,
) -> Result<Vec<Check>, CustodyError> {
    if args.check.is_none() && args.check_timestamp.is_none() {
        return match args.report {
            Some(_) => Err(CustodyError::Usage("--report needs --check or --check-timestamp".into())),
            None => Ok(Vec::new()),
        };
    }
    let path = report_path(args)?;
    if output == Some(path.as_path()) {
        return Err(CustodyError::Usage("--output would replace the report that is checked".into()));
    }
    let bytes = read(&path, MAX_REPORT_BYTES, "a report")?;
    let mut checks = Vec::new();
    if let (Some(signature), Some(key)) = (&args.check, &args.public_key) {
        checks.push(signature::check(&bytes, signature, key)?);
    }
    if let (Some(answer), Some(authorities)) = (&args.check_timestamp, &args.timestamp_ca) {
        let answer = read(answer, MAX_BYTES, "a time-stamp")?;
        let authorities = timestamp::Authorities::read(authorities)?;
        checks.push(timestamp::check(&bytes, &answer, &authorities));
    }
    checks.push(report::check(&bytes, &path, now)?);
    Ok(checks)
}

/// Signs a written report and creates a time-stamp request for it, as requested. Returns the files written.
pub(crate) fn sign_report(
    args: &CustodyArgs,
    key: Option<signature::Signer>,
    path: &Path,
    report: &VerifyReport,
) -> Result<Vec<PathBuf>, CustodyError> {
    let mut written = Vec::new();
    if key.is_none() && args.timestamp.is_none() {
        return Ok(written);
    }
    let bytes = read(path, MAX_REPORT_BYTES, "a report")?;
    if let Some(key) = key {
        let target = with_suffix(path, signature::SIGNATURE_EXTENSION);
        write(&target, key.sign(&bytes, report)?.as_bytes())?;
        written.push(target);
    }
    if let Some(target) = &args.timestamp {
        write(target, &timestamp::request(&bytes))?;
        written.push(target.clone());
    }
    Ok(written)
}

/// Loads the key of `--sign` before the verification, so that the password prompt appears at once.
pub(crate) fn signer(args: &CustodyArgs) -> Result<Option<signature::Signer>, CustodyError> {
    args.sign.as_deref().map(signature::Signer::open).transpose()
}

fn report_path(args: &CustodyArgs) -> Result<PathBuf, CustodyError> {
    if let Some(report) = &args.report {
        return Ok(report.clone());
    }
    let usage = |problem: &str| CustodyError::Usage(format!("{problem}; name the report with --report FILE"));
    let signature = args.check.as_ref().ok_or_else(|| usage("--check-timestamp needs a report"))?;
    let without = signature.to_str().and_then(|path| path.strip_suffix(signature::SIGNATURE_EXTENSION));
    without.map(PathBuf::from).ok_or_else(|| usage("the name of the signature does not end in .minisig"))
}

fn with_suffix(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Reads a file of at most `limit` bytes.
fn read(path: &Path, limit: u64, what: &'static str) -> Result<Vec<u8>, CustodyError> {
    let shown = || path.display().to_string();
    let fail = |source| CustodyError::File { path: shown(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(limit + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > limit {
        return Err(CustodyError::TooLarge { path: shown(), limit, what });
    }
    Ok(bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CustodyError> {
    let fail = |source| CustodyError::File { path: path.display().to_string(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    std::io::Write::write_all(&mut file, bytes).map_err(fail)?;
    make_readable(file.as_file()).map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

/// Temporary files are readable by their owner only; these files are meant to be shared.
#[cfg(unix)]
fn make_readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// A check of a single item.
fn checked(name: &'static str, claim: &'static str, problems: Vec<String>) -> Check {
    let failures = problems.len() as u64;
    Check { name, claim, examined: 1, failures, details: problems, skipped: None }
}

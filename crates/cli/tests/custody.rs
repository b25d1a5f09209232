//! Signed and time-stamped reports, and attempts to forge them.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::Command as Program;

use assert_cmd::Command;
use minisign::KeyPair;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

fn saltmine(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder).env_remove("SALTMINE_KEY_PASSWORD");
    command
}

fn lines(range: std::ops::Range<usize>) -> String {
    let line = |number: usize| {
        format!(
            "0wner vault [{:02}/May/2026:10:00:00 +0000] 198.51.100.7 - {number:016X} REST.GET.OBJECT k{number} \
             \"GET /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n",
            1 + number % 5,
        )
    };
    range.map(line).collect()
}

/// A key pair as files, `NAME.key` and `NAME.pub`.
fn keys(folder: &Path, name: &str, password: Option<&str>) {
    let pair = match password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.to_owned())).unwrap(),
        None => KeyPair::generate_unencrypted_keypair().unwrap(),
    };
    std::fs::write(folder.join(format!("{name}.key")), pair.sk.to_box(None).unwrap().into_string()).unwrap();
    std::fs::write(folder.join(format!("{name}.pub")), pair.pk.to_box().unwrap().into_string()).unwrap();
}

/// Logs, their dataset, keys, and a signed report of them.
fn signed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::create_dir(path.join("logs")).unwrap();
    std::fs::write(path.join("logs/a"), lines(0..20)).unwrap();
    saltmine(path).args(["ingest", "logs", "--to", "lake"]).assert().success();
    keys(path, "mine", None);
    saltmine(path)
        .args(["verify", "lake", "logs", "-o", "proof.json", "--sign", "mine.key"])
        .assert()
        .success()
        .stderr(contains("wrote proof.json.minisig"));
    folder
}

fn check(folder: &Path, dataset: &str, key: &str) -> assert_cmd::assert::Assert {
    saltmine(folder).args(["verify", dataset, "--check", "proof.json.minisig", "--public-key", key]).assert()
}

#[test]
fn a_signed_report_is_confirmed() {
    let folder = signed();
    let path = folder.path();
    check(path, "lake", "mine.pub")
        .success()
        .stdout(contains("passed   signature").and(contains("passed   report")));
    // A key that is not in a file, as people send it, works too.
    let key = std::fs::read_to_string(path.join("mine.pub")).unwrap();
    check(path, "lake", key.lines().nth(1).unwrap()).success();
    // The comment is signed, and names what was verified.
    let signature = std::fs::read_to_string(path.join("proof.json.minisig")).unwrap();
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path.join("proof.json")).unwrap()).unwrap();
    assert!(signature.contains(report["sources_fingerprint"].as_str().unwrap()), "{signature}");
    assert!(signature.contains(" passed "), "{signature}");
}

#[test]
fn a_changed_report_is_not_confirmed() {
    let folder = signed();
    let path = folder.path();
    let report = std::fs::read_to_string(path.join("proof.json")).unwrap();
    // A single space, which does not change the meaning of the JSON.
    std::fs::write(path.join("proof.json"), report.replacen('{', "{ ", 1)).unwrap();
    check(path, "lake", "mine.pub").code(1).stdout(contains("FAILED   signature"));
    std::fs::write(path.join("proof.json"), &report[..report.len() / 2]).unwrap();
    check(path, "lake", "mine.pub").code(1).stderr(contains("proof.json: not a report"));
}

#[test]
fn another_key_does_not_confirm() {
    let folder = signed();
    let path = folder.path();
    keys(path, "other", None);
    check(path, "lake", "other.pub").code(1).stdout(contains("FAILED   signature"));
    check(path, "lake", "nothing.pub").code(1).stderr(contains("it is neither a file nor a key"));
    check(path, "lake", "mine.key").code(1).stderr(contains("not a minisign public key"));
}

/// The comment names what was verified, so it is signed too.
#[test]
fn a_changed_comment_is_not_confirmed() {
    let folder = signed();
    let path = folder.path().join("proof.json.minisig");
    let signature = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, signature.replace(" passed ", " FAILED ")).unwrap();
    check(folder.path(), "lake", "mine.pub").code(1).stdout(contains("FAILED   signature"));
}

#[test]
fn the_report_of_another_dataset_is_not_confirmed() {
    let folder = signed();
    let path = folder.path();
    std::fs::create_dir(path.join("others")).unwrap();
    std::fs::write(path.join("others/a"), lines(1..21)).unwrap();
    saltmine(path).args(["ingest", "others", "--to", "other.lake"]).assert().success();
    check(path, "other.lake", "mine.pub").code(1).stdout(
        contains("passed   signature").and(contains("FAILED   report")).and(contains("other log files")),
    );
}

#[test]
fn a_dataset_that_has_grown_since_is_not_confirmed() {
    let folder = signed();
    let path = folder.path();
    std::fs::write(path.join("logs/b"), lines(20..25)).unwrap();
    saltmine(path).args(["ingest", "logs", "--to", "lake"]).assert().success();
    check(path, "lake", "mine.pub")
        .code(1)
        .stdout(contains("FAILED   report").and(contains("the files of the table logs have changed")));
}

/// A signature truncated at any length gives an error, not a panic.
#[test]
fn a_truncated_signature_is_refused() {
    let folder = signed();
    let path = folder.path().join("proof.json.minisig");
    let whole = std::fs::read_to_string(&path).unwrap();
    let last = whole.trim_end().lines().last().unwrap().len();
    for end in [
        0,
        1,
        30,
        60,
        150,
        whole.len() - last - 2,
        whole.len() - last,
        whole.len() - last + 40,
        whole.len() - 10,
    ] {
        std::fs::write(&path, &whole[..end]).unwrap();
        check(folder.path(), "lake", "mine.pub").code(1).stderr(contains("not a minisign signature"));
    }
}

#[test]
fn a_failed_verification_is_signed_as_failed() {
    let folder = signed();
    let path = folder.path();
    std::fs::write(path.join("logs/a"), lines(0..19) + &lines(30..31)).unwrap();
    saltmine(path)
        .args(["verify", "lake", "logs", "-o", "proof.json", "--sign", "mine.key"])
        .assert()
        .code(1)
        .stderr(contains("checks failed"));
    let signature = std::fs::read_to_string(path.join("proof.json.minisig")).unwrap();
    assert!(signature.contains(" FAILED "), "{signature}");
    check(path, "lake", "mine.pub").code(1).stdout(contains("had failed"));
}

#[test]
fn a_key_with_a_password_requires_it() {
    let folder = signed();
    let path = folder.path();
    keys(path, "locked", Some("open sesame"));
    let sign = ["verify", "lake", "-o", "proof.json", "--sign", "locked.key"];
    saltmine(path).args(sign).env("SALTMINE_KEY_PASSWORD", "open sesame").assert().success();
    check(path, "lake", "locked.pub").success();
    std::fs::remove_file(path.join("proof.json")).unwrap();
    saltmine(path)
        .args(sign)
        .env("SALTMINE_KEY_PASSWORD", "guess")
        .assert()
        .code(1)
        .stderr(contains("locked.key: Wrong password"));
    assert!(!path.join("proof.json").exists(), "a report without its signature looks like a signed one");
    for text in ["", "untrusted comment: x\nAAAA\n", "untrusted comment: x\nRWQAAEIyAAAA\n"] {
        std::fs::write(path.join("bad.key"), text).unwrap();
        saltmine(path)
            .args(["verify", "lake", "-o", "proof.json", "--sign", "bad.key"])
            .assert()
            .code(1)
            .stderr(contains("bad.key: ").and(contains("panicked").not()));
    }
}

#[test]
fn usage_errors_come_before_reading() {
    let folder = signed();
    let cases: [(&[&str], &str); 7] = [
        (&["--check", "proof.json.minisig", "--public-key", "mine.pub", "-o", "proof.json"], "would replace"),
        (&["--sign", "mine.key"], "--output"),
        (&["--check", "proof.json.minisig"], "--public-key"),
        (&["--check", "proof.json", "--public-key", "mine.pub"], "does not end in .minisig"),
        (&["-o", "x.json", "--sign", "mine.key", "--format", "text"], "are always JSON"),
        (&["--check-timestamp", "a.tsr", "--timestamp-ca", "ca.pem"], "--report FILE"),
        (&["--report", "proof.json"], "--report needs --check"),
    ];
    for (args, problem) in cases {
        saltmine(folder.path())
            .args(["verify", "lake"])
            .args(args)
            .assert()
            .code(2)
            .stderr(contains(problem));
    }
}

/// A time-stamping authority of `openssl ts`: a root, and a certificate for time stamps.
struct Authority<'a> {
    folder: &'a Path,
    name: &'a str,
}

const CONFIG: &str = "\
[tsa]
default_tsa = here
[here]
dir = .
serial = NAME.serial
crypto_device = builtin
signer_cert = NAME.crt
certs = NAME-root.crt
signer_key = NAME-tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[stamp]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[web]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
";

impl<'a> Authority<'a> {
    fn new(folder: &'a Path, name: &'a str, key: &[&str]) -> Self {
        let it = Self { folder, name };
        let config = CONFIG.replace("NAME", name);
        std::fs::write(folder.join(format!("{name}.cnf")), config).unwrap();
        std::fs::write(folder.join(format!("{name}.serial")), "01\n").unwrap();
        let file = |ending: &str| format!("{name}{ending}");
        let root = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=root"];
        let (root_key, root_crt, config) = (file("-root.key"), file("-root.crt"), file(".cnf"));
        it.openssl(
            &[
                &root[..],
                &["-keyout", &root_key, "-out", &root_crt, "-config", &config, "-extensions", "root"],
            ]
            .concat(),
        );
        let (tsa_key, request) = (file("-tsa.key"), file(".csr"));
        let new = [
            "req",
            "-nodes",
            "-subj",
            "/CN=stamps",
            "-config",
            &config,
            "-keyout",
            &tsa_key,
            "-out",
            &request,
        ];
        it.openssl(&[&new[..], key].concat());
        for (usage, certificate) in [("stamp", file(".crt")), ("web", file("-web.crt"))] {
            it.openssl(&[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                &root_crt,
                "-CAkey",
                &root_key,
                "-CAcreateserial",
                "-days",
                "30",
                "-extfile",
                &config,
                "-extensions",
                usage,
                "-out",
                &certificate,
            ]);
        }
        it
    }

    fn openssl(&self, args: &[&str]) -> String {
        let output = Program::new("openssl").args(args).current_dir(self.folder).output();
        let output = output.expect("the tests of time stamps need the command openssl");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "openssl {args:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn answer(&self, request: &str, answer: &str) {
        let config = format!("{}.cnf", self.name);
        self.openssl(&[
            "ts",
            "-reply",
            "-config",
            &config,
            "-section",
            "here",
            "-queryfile",
            request,
            "-out",
            answer,
        ]);
    }

    fn root(&self) -> String {
        format!("{}-root.crt", self.name)
    }
}

const RSA: [&str; 2] = ["-newkey", "rsa:2048"];

/// A folder with a report, its request, and an answer to it by an authority called `tsa`.
fn stamped(key: &[&str]) -> tempfile::TempDir {
    let folder = signed();
    let path = folder.path();
    saltmine(path)
        .args(["verify", "lake", "logs", "-o", "proof.json", "--timestamp", "proof.tsq"])
        .assert()
        .success();
    Authority::new(path, "tsa", key).answer("proof.tsq", "proof.tsr");
    folder
}

fn check_stamp(folder: &Path, answer: &str, authorities: &str) -> assert_cmd::assert::Assert {
    let args = [
        "verify",
        "lake",
        "--report",
        "proof.json",
        "--check-timestamp",
        answer,
        "--timestamp-ca",
        authorities,
    ];
    saltmine(folder).args(args).assert()
}

#[test]
fn a_time_stamp_is_confirmed_here_and_by_openssl() {
    for key in [&RSA[..], &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]] {
        let folder = stamped(key);
        let path = folder.path();
        let tsa = Authority { folder: path, name: "tsa" };
        let query = tsa.openssl(&["ts", "-query", "-in", "proof.tsq", "-text"]);
        assert!(
            query.contains("Hash Algorithm: sha256") && query.contains("Certificate required: yes"),
            "{query}"
        );
        tsa.openssl(&["ts", "-verify", "-data", "proof.json", "-in", "proof.tsr", "-CAfile", &tsa.root()]);
        check_stamp(path, "proof.tsr", &tsa.root())
            .success()
            .stdout(contains("passed   timestamp").and(contains("stamped at 20")));
    }
}

#[test]
fn a_stamp_of_something_else_is_not_confirmed() {
    let folder = stamped(&RSA);
    let path = folder.path();
    let tsa = Authority { folder: path, name: "tsa" };
    let report = std::fs::read_to_string(path.join("proof.json")).unwrap();
    std::fs::write(path.join("proof.json"), report.clone() + " ").unwrap();
    check_stamp(path, "proof.tsr", &tsa.root())
        .code(1)
        .stdout(contains("FAILED   timestamp").and(contains("not for this report")));
    std::fs::write(path.join("proof.json"), report).unwrap();
    // An authority that nobody trusts, and a certificate that is not for time stamps.
    let other = Authority::new(path, "other", &RSA);
    check_stamp(path, "proof.tsr", &other.root())
        .code(1)
        .stdout(contains("not valid for time stamps of a trusted"));
    std::fs::write(path.join("none.pem"), "no certificate").unwrap();
    check_stamp(path, "proof.tsr", "none.pem").code(1).stderr(contains("none.pem: not a PEM file"));
}

/// A time stamp, signed again with another certificate for the authority's key.
fn signed_with(tsa: &Authority<'_>, certificate: &str) -> Vec<u8> {
    tsa.openssl(&["ts", "-reply", "-in", "proof.tsr", "-token_out", "-out", "token.der"]);
    tsa.openssl(&["cms", "-verify", "-noverify", "-inform", "DER", "-in", "token.der", "-out", "stamp.der"]);
    tsa.openssl(&[
        "cms",
        "-sign",
        "-binary",
        "-nodetach",
        "-econtent_type",
        "1.2.840.113549.1.9.16.1.4",
        "-cades",
        "-md",
        "sha256",
        "-signer",
        certificate,
        "-inkey",
        "tsa-tsa.key",
        "-outform",
        "DER",
        "-in",
        "stamp.der",
        "-out",
        "new.der",
    ]);
    let token = std::fs::read(tsa.folder.join("new.der")).unwrap();
    let length = u16::try_from(token.len() + 5).unwrap().to_be_bytes();
    [&[0x30, 0x82][..], &length, &[0x30, 0x03, 0x02, 0x01, 0x00], &token].concat()
}

/// A web server's certificate from a trusted authority cannot be used to make time stamps.
#[test]
fn a_certificate_for_another_use_is_refused() {
    let folder = stamped(&RSA);
    let path = folder.path();
    let tsa = Authority { folder: path, name: "tsa" };
    std::fs::write(path.join("new.tsr"), signed_with(&tsa, "tsa.crt")).unwrap();
    check_stamp(path, "new.tsr", &tsa.root()).success();
    std::fs::write(path.join("new.tsr"), signed_with(&tsa, "tsa-web.crt")).unwrap();
    check_stamp(path, "new.tsr", &tsa.root())
        .code(1)
        .stdout(contains("FAILED   timestamp").and(contains("not valid for time stamps")));
}

/// No changed byte of a response may change the accepted time or cause a panic.
#[test]
fn changed_and_truncated_responses_are_not_confirmed() {
    let folder = stamped(&RSA);
    let path = folder.path();
    let tsa = Authority { folder: path, name: "tsa" };
    let whole = std::fs::read(path.join("proof.tsr")).unwrap();
    let time = whole.windows(2).position(|window| window == [0x18, 0x0F]).unwrap() + 2;
    for at in [0, 5, 30, 60, time, time + 9, time + 13, whole.len() - 1, whole.len() - 100, whole.len() - 400]
    {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(path.join("bad.tsr"), changed).unwrap();
        check_stamp(path, "bad.tsr", &tsa.root()).code(1).stdout(contains("FAILED   timestamp"));
    }
    for end in [0, 1, 10, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(path.join("bad.tsr"), &whole[..end]).unwrap();
        check_stamp(path, "bad.tsr", &tsa.root()).code(1).stdout(contains("FAILED   timestamp"));
    }
    std::fs::write(path.join("bad.tsr"), [&whole[..], b"more"].concat()).unwrap();
    check_stamp(path, "bad.tsr", &tsa.root()).code(1).stdout(contains("FAILED   timestamp"));
}

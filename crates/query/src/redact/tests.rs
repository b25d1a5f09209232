#![allow(clippy::unwrap_used)]

use super::*;

const SECRET: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
const ADA: &str = "arn:aws:sts::111122223333:assumed-role/backup-operator/sess-4471";

pub(super) fn redactor(what: &str, key: u8) -> Redactor {
    let Redaction { addresses, principals, .. } = Redaction::parse(what).unwrap();
    Redactor { addresses, principals, pseudonyms: Pseudonyms([key; 32]), source: KeySource::Session }
}

pub(super) fn all(text: &str) -> String {
    redactor("all", 1).text(text).into_owned()
}

fn is_pseudonym(text: &str, kind: &str) -> bool {
    let hash = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-'));
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// `raw` holds a JSON line verbatim, with all escapes of its writer.
#[test]
fn lines_of_json_are_redacted() {
    let uri = "GET /k?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE/20260501&X-Amz-Security-Token=IQoJb3JpZ2luSECRET/ab/c== HTTP/1.1";
    let line = format!(
        "{{\"requester\":\"{ADA}\",\"remote_ip\":\"198.51.100.9\",\"request_uri\":\"{uri}\",\"more\":1}}"
    );
    let redactor = redactor("all", 1);
    let names = redactor.names(Some(ADA), Some("198.51.100.9"));
    let plain = redactor.text_of(&line, &names).into_owned();
    for (from, to) in [("/", "\\/"), ("=", "\\u003d"), ("&", "\\u0026"), (":", "\\u003A")] {
        let written = line.replace(from, to).replace(&format!("\"{to}"), &format!("\"{from}"));
        let redacted = redactor.text_of(&written, &names);
        for part in ["SECRET", "/ab", "ab\\/c", "backup", "sess-", "111122223333", "198.51", "EXAMPLE"] {
            assert!(!redacted.contains(part), "{part} in {redacted}");
        }
        let token = plain.split("Token=").nth(1).unwrap().split(' ').next().unwrap();
        assert!(is_pseudonym(token, "token") && redacted.contains(token), "{redacted}");
    }
}

/// A token is replaced however it is written, and always has the same pseudonym.
#[test]
fn tokens_are_redacted_under_every_name_and_encoding() {
    let redactor = redactor("tokens", 1);
    let expected = redactor.pseudonyms.get("token", SECRET.as_bytes());
    for (name, text) in [
        ("as it is", "GET /k?X-Amz-Signature=SECRET&X-Amz-Expires=60 HTTP/1.1"),
        ("lower case", "GET /k?x-amz-signature=SECRET HTTP/1.1"),
        ("upper case", "GET /k?X-AMZ-SECURITY-TOKEN=SECRET HTTP/1.1"),
        ("session token", "GET /k?X-Amz-Security-Token=SECRET HTTP/1.1"),
        (
            "signature version 2",
            "GET /k?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=SECRET&Expires=1 HTTP/1.1",
        ),
        ("encoded name", "GET /k?%58-Amz-Sign%61ture=SECRET HTTP/1.1"),
        ("encoded separator", "GET /k?X-Amz-Signature%3DSECRET HTTP/1.1"),
        (
            "encoded in a referer",
            "https://a.example/?u=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%3DSECRET%26x%3D1&y=2",
        ),
        (
            "encoded twice",
            "https://a.example/?u=https%253A%252F%252Fb%252Fk%253FX-Amz-Signature%253DSECRET%2526x",
        ),
        ("encoded three times", "X-Amz-Signature%25253DSECRET"),
        ("lower case escapes", "x-amz-signature%3dSECRET%26a%3d1"),
        (
            "header",
            "agent (Authorization: AWS4-HMAC-SHA256 Credential=A/20260501/r/s3/aws4_request, SignedHeaders=host, Signature=SECRET)",
        ),
        ("header with a blank", "x-amz-security-token: SECRET"),
        ("JSON", "{\"X-Amz-Signature\": \"SECRET\", \"a\": 1}"),
        ("JSON within JSON", "{\\\"X-Amz-Signature\\\":\\\"SECRET\\\"}"),
        ("escape of JSON", "https://b/k?a=1\\u0026X-Amz-Signature\\u003dSECRET\\u0026b=2"),
        ("escape of bytes", "https://b/k?X-Amz-Signature\\x3DSECRET"),
        ("entity", "https://b/k?a=1&amp;X-Amz-Signature=SECRET&amp;b=2"),
        ("list", "k?X-Amz-Signature[]=SECRET"),
        ("numbered list", "k?X-Amz-Signature%5B0%5D=SECRET"),
        ("another service", "https://storage.example/k?X-Goog-Signature=SECRET"),
        ("token", "https://a.example/reset?token=SECRET"),
        ("key of the client", "PUT /k?x-amz-server-side-encryption-customer-key=SECRET HTTP/1.1"),
        ("S3 Express", "x-amz-s3session-token=SECRET"),
        ("after a value", "a=b=X-Amz-Signature=SECRET"),
        ("a plus before the separator", "k?X-Amz-Signature+=SECRET"),
        ("a tab before the separator", "k?X-Amz-Signature\t=SECRET"),
        ("a space that does not break", "k?X-Amz-Signature\u{a0}=SECRET"),
        ("the same, encoded", "k?X-Amz-Signature%C2%A0=SECRET"),
        ("decimal entity", "k?X-Amz-Signature&#61;SECRET"),
        ("hexadecimal entity", "k?X-Amz-Signature&#x3d;SECRET"),
        ("escape of JavaScript", "k?X-Amz-Signature%u003DSECRET"),
        ("octal escape", "k?X-Amz-Signature\\075SECRET"),
        ("a form of names and values", "name=X-Amz-Security-Token&value=SECRET&x=1"),
        ("a list of names and values", "[{\"name\": \"api_token\", \"value\": \"SECRET\"}]"),
        ("any token", "https://a.example/?api_token=SECRET"),
        ("private token", "private_token=SECRET"),
        ("user's token", "user-token=SECRET"),
        ("passphrase", "passphrase=SECRET"),
        ("pass", "pass=SECRET"),
        ("pw", "pw=SECRET"),
        ("pwd", "db.pwd=SECRET&pwd=SECRET"),
        ("session", "session=SECRET"),
        ("sid", "sid=SECRET"),
        ("code", "callback?code=SECRET&state=1"),
        ("of Java", "/a;JSESSIONID=SECRET"),
        ("of PHP", "PHPSESSID=SECRET"),
        ("of ASP", "ASP.NET_SessionId=SECRET"),
        ("secret", "client_secret=SECRET"),
    ] {
        let text = text.replace("SECRET", SECRET);
        let redacted = redactor.text(&text);
        assert!(!redacted.contains(&SECRET[..8]), "{name}: {redacted}");
        // More than the value alone may be replaced.
        let is_header = matches!(name, "header" | "pwd");
        assert!(is_header || redacted.contains(&expected), "{name}: {redacted}");
    }
}

/// The whole password is replaced, including characters that end other values.
#[test]
fn passwords_are_redacted_completely() {
    let redactor = redactor("all", 1);
    for text in [
        "password=ab<hunter2",
        "password=ab hunter2",
        "PASSWORD: ab hunter2",
        "passwd=%61%62%20hunter2",
        "GET /k?password=ab hunter2 HTTP/1.1",
        "https://bob:hunter2secret@intranet.example/p",
        "https%3A%2F%2Fbob%3Ahunter2secret%40intranet.example%2Fp",
        "ftp://bob:ab:hunter2@host",
        "https://hunter2secret@host/x",
        "postgres://bob:p@hunter2@host/db",
        "\"pass\" : \"hunter2\"",
    ] {
        let redacted = redactor.text(text);
        assert!(!redacted.contains("hunter2") && redacted.contains("token-"), "{text}: {redacted}");
        assert!(!redacted.contains("bob"), "{text}: {redacted}");
    }
    assert!(redactor.text("GET /k?password=ab hunter2 HTTP/1.1").ends_with(" HTTP/1.1"));
    let tokens = self::redactor("tokens", 1);
    assert!(tokens.text("https://bob:hunter2@host").starts_with("https://bob:token-"));
}

#[test]
fn an_encoded_ampersand_does_not_end_a_value_that_is_not_encoded() {
    let redactor = redactor("tokens", 1);
    let redacted = redactor.text("k?X-Amz-Security-Token=abc%26def%3Dghi&x=1");
    assert!(
        !redacted.contains("def") && !redacted.contains("ghi") && redacted.ends_with("&x=1"),
        "{redacted}"
    );
}

#[test]
fn tokens_are_recognised_by_their_shape() {
    let redactor = redactor("tokens", 1);
    for text in [
        "agent IQoJb3JpZ2luX2VjEHoaCXVzLWVhc3QtMSJIMEYCIQDc+/== end",
        "agent/FwoGZXIvYXdzEBYaDGJ1 end",
        "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg= end",
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P end",
    ] {
        let redacted = redactor.text(text);
        for part in ["VjEHoaCXVz", "EBYaDGJ1", "frJIUN8", "dozjgNry"] {
            assert!(!redacted.contains(part), "{redacted}");
        }
        assert!(redacted.contains("token-") && redacted.ends_with(" end"), "{redacted}");
    }
}

#[test]
fn text_without_secrets_is_unchanged() {
    for text in [
        "GET /k?list-type=2&continuation-token=1ueGcxLPRx1Tr&prefix=a%2Fb HTTP/1.1",
        "GET /k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260501T100000Z&X-Amz-Expires=60 HTTP/1.1",
        "PUT /k?uploadId=abc&partNumber=7 HTTP/1.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
        "aws-cli/2.17.1 md/awscrt#0.20.11 std::vec a::b ua/2.0",
        "grün ☃ 100% of \\x",
        "logs/2026-05-01-10-20-30-0123456789ABCDEF.gz:17",
        "session-logs2026-05-01-10-20-30-0123456789ABCDEF:17",
        "token-service.log:17",
        "PUT /k?x-amz-bypass-governance-retention=true&SignatureVersion=2 HTTP/1.1",
        "https://a.example/@somebody/p",
        "error code: 404",
        "mailto:somebody@a.example",
        "",
    ] {
        assert_eq!(all(text), text);
    }
}

#[test]
fn the_address_of_a_client_has_one_pseudonym() {
    let redactor = redactor("all", 1);
    let address = redactor.address("203.0.113.7").into_owned();
    assert!(is_pseudonym(&address, "ip"), "{address}");
    for text in [
        "http://203.0.113.7/a",
        "http://203.0.113.7:8080/a",
        "agent (203.0.113.7)",
        "k?from=203.0.113.7&a",
        "k%3Ffrom%3D203.0.113.7%26a",
        "k?from=203%2E0%2E113%2E7",
        "203.0.113.7.nip.io",
        "ec2-203-0-113-7.compute-1.amazonaws.com",
        "ip-203-0-113-7.ec2.internal",
        "::ffff:203.0.113.7",
        "from=203.0.113.7.",
    ] {
        let redacted = all(text);
        assert!(redacted.contains(&address) && !redacted.contains("113"), "{text}: {redacted}");
    }
    let long = redactor.address("2001:db8::7").into_owned();
    for text in ["[2001:db8::7]:443", "2001:DB8:0:0:0:0:0:7", "a=2001:db8::7,b", "a%3D2001%3Adb8%3A%3A7"] {
        let redacted = all(text);
        assert!(redacted.contains(&long), "{text}: {redacted}");
    }
    assert_eq!(redactor.address("2001:db8:0::7"), long);
    assert!(is_pseudonym(&redactor.address("no address"), "ip"));
    assert_eq!(self::redactor("tokens,principals", 1).address("203.0.113.7"), "203.0.113.7");
}

#[test]
fn a_redacted_arn_keeps_only_its_form() {
    let redactor = redactor("principals", 1);
    let redacted = redactor.principal(ADA).into_owned();
    let parts: Vec<&str> = redacted.split([':', '/']).collect();
    assert_eq!((&parts[..4], parts[5]), (&["arn", "aws", "sts", ""][..], "assumed-role"));
    for (part, kind) in [(parts[4], "account"), (parts[6], "role"), (parts[7], "session")] {
        assert!(is_pseudonym(part, kind), "{redacted}");
    }
    assert_eq!(account_pseudonym(&redacted), Some(parts[4]));
    assert_eq!(Principal::parse(&redacted).role, Some(parts[6]));
    // As text it is the same, plain or encoded.
    assert_eq!(redactor.text(ADA), redacted);
    assert_eq!(redactor.text(&format!("(by {ADA})")), format!("(by {redacted})"));
    let encoded = ADA.replace(':', "%3A").replace('/', "%2F");
    let text = redactor.text(&encoded);
    assert!(parts[6..].iter().chain([&parts[4]]).all(|part| text.contains(part)), "{text}");
    // A role is the same role, however it is named.
    assert!(redactor.principal("arn:aws:iam::111122223333:role/ops/backup-operator").ends_with(parts[6]));
    for same in ["-", "AmazonS3", "svc:cloudfront.amazonaws.com"] {
        assert_eq!(redactor.principal(same), same);
    }
    for (requester, gone) in [
        ("arn:aws:iam::111122223333:user/teams/data/ann", &["111122223333", "ann", "teams"][..]),
        ("arn:aws:iam::111122223333:root", &["111122223333"]),
        ("arn:aws:sts::111122223333:federated-user/ann", &["111122223333", "ann"]),
        ("arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE0OAI", &["E2EXAMPLE"]),
        ("arn:aws:sts::111122223333:assumed-role/x/José Ann", &["111122223333", "Jos", "Ann"]),
        ("arn:aws:other::1:something/ann", &["ann"]),
        ("arn:a b:c", &["b:c"]),
        ("somebody", &["somebody"]),
        (SECRET, &[SECRET]),
        ("svc:Ann", &["Ann"]),
    ] {
        for redacted in [redactor.principal(requester), self::redactor("all", 1).principal(requester)] {
            assert!(gone.iter().all(|part| !redacted.contains(part)), "{requester}: {redacted}");
        }
    }
}

#[test]
fn accounts_and_ids_are_redacted_in_any_text() {
    let account = redactor("all", 1).pseudonyms.get("account", b"111122223333");
    for text in [
        "ap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap",
        "AWSLogs/111122223333/S3/2026-05-01-10-20-30-0123456789ABCDEF",
        "AWSLogs%2F111122223333%2FS3",
        "k%2520111122223333%2520",
        "1111-2222-3333",
        "%31%31%31122223333",
    ] {
        assert!(all(text).contains(&account), "{text}: {}", all(text));
    }
    for (text, kind) in [
        ("AKIAIOSFODNN7EXAMPLE", "key"),
        (SECRET, "principal"),
        ("k?AWSAccessKeyId=SHORT&a=1", "key"),
        ("k?X-Amz-Credential=AKIAEXAMPLE%2F20260501%2Feu-west-1%2Fs3%2Faws4_request", "key"),
    ] {
        let redacted = all(text);
        let gone = ["AKIA", "SHORT", SECRET].iter().all(|part| !redacted.contains(part));
        assert!(gone && redacted.contains(&format!("{kind}-")), "{redacted}");
    }
    assert!(all("id=AROAIOSFODNN7EXAMPLE:sess-4471").contains(":session-"), "{}", all("AROA"));
    assert!(
        all("k?X-Amz-Credential=AKIAEXAMPLE%2F20260501%2Feu-west-1").ends_with("%2F20260501%2Feu-west-1")
    );
}

#[test]
fn the_requester_is_redacted_in_other_columns() {
    let redactor = redactor("all", 1);
    let names = redactor.names(Some(ADA), Some("203.0.113.7"));
    let text = "cli/1 (Backup-Operator; sess-4471; host 203-0-113-7) xsess-4471x";
    let redacted = redactor.text_of(text, &names);
    let role = redactor.pseudonyms.get("role", b"backup-operator");
    assert!(
        redacted.contains(&role) && redacted.contains("session-") && redacted.contains("host ip-"),
        "{redacted}"
    );
    assert!(redacted.ends_with("xsess-4471x"), "not a word");
    let uri = redactor.text_of("GET /x?who=sess-4471&role=backup-operator&from=203-0-113-7 HTTP/1.1", &names);
    for gone in ["4471", "backup", "113"] {
        assert!(!uri.contains(gone), "{uri}");
    }
}

/// Names of one and two letters are replaced if they are words.
#[test]
fn short_names_go() {
    let redactor = redactor("all", 1);
    let names = redactor.names(Some("arn:aws:iam::111122223333:user/al"), Some("2001:db8::7"));
    let redacted = redactor.text_of("al via AL. also normal host-2001-db8--7.isp.example", &names);
    assert_eq!(redacted.matches("user-").count(), 2, "{redacted}");
    assert!(redacted.contains("also normal") && !redacted.contains("db8"), "{redacted}");
}

#[test]
fn the_longest_name_wins_and_many_names_are_no_burden() {
    let redactor = redactor("all", 1);
    let mut names = Names::default();
    for number in 0..20_000 {
        names.add_requester(&format!("arn:aws:sts::111122223333:assumed-role/ec2/i-{number:017x}"));
    }
    for user in ["ann", "ann.lee", "ann.lee@a.example"] {
        names.add_requester(&format!("arn:aws:iam::111122223333:user/{user}"));
    }
    let redacted = redactor.text_of("(ann.lee@a.example) i-00000000000000007/ec2 ann.leex ann", &names);
    let user = |name: &str| redactor.pseudonyms.get("user", name.as_bytes());
    let session = redactor.pseudonyms.get("session", b"i-00000000000000007");
    let role = redactor.pseudonyms.get("role", b"ec2");
    let expected =
        format!("({}) {session}/{role} {}.leex {}", user("ann.lee@a.example"), user("ann"), user("ann"));
    assert_eq!(redacted, expected);
}

/// Doubling a text chosen by a client at most about doubles the work.
#[test]
fn work_grows_with_the_length_of_the_text_and_no_faster() {
    let redactor = redactor("all", 1);
    let names = redactor.names(Some(ADA), Some("203.0.113.7"));
    let work = |piece: &str, size: usize| {
        let text = piece.repeat(size / piece.len());
        replacements::BYTES_SCANNED.with(|looked| looked.set(0));
        redactor.text_of(&text, &names);
        replacements::BYTES_SCANNED.with(std::cell::Cell::get)
    };
    for piece in [
        "a-",
        "eyJ-",
        "token=",
        "token=%26",
        "credential=",
        "password: a",
        "a:",
        "1.",
        "1-",
        "1:",
        "::",
        "f:",
        "arn:",
        "arn:a:iam:a:a:",
        "arn:aws:iam::1:role/a,",
        "AKIAIOSFODNN7EXAMPLE:",
        "https://",
        "https://a:b@",
        "name=token&value=a&",
        "sess-",
        "sess-4471-",
        "%25",
        "%2525",
        "\\x",
        "&#",
        "&#61;",
        "\\075",
        "[0",
        "=[",
        "\"",
        "IQoJb3JpZ2lu-",
        "2026-05-01-",
        "1111-",
        "é",
    ] {
        let (small, large) = (work(piece, 20_000), work(piece, 80_000));
        assert!(small >= 20_000, "{piece}: the work is counted");
        assert!(large <= 5 * small, "{piece}: {small}, then {large}");
    }
}

#[test]
fn pseudonyms_depend_on_the_key_and_the_kind() {
    let (one, two) = (redactor("all", 1), redactor("all", 2));
    assert_ne!(one.address("203.0.113.7"), two.address("203.0.113.7"));
    assert_eq!(one.address("203.0.113.7"), redactor("addresses", 1).address("203.0.113.7"));
    assert_ne!(one.address("a").split_once('-').unwrap().1, one.principal("a").split_once('-').unwrap().1);
    assert_eq!(format!("{:?}", one.pseudonyms), "Pseudonyms", "the key is in no message");
}

#[test]
fn redaction_is_parsed_from_a_list() {
    assert_eq!(Redaction::parse("tokens"), Ok(Redaction::default()));
    let all = Redaction::parse("all").unwrap();
    assert_eq!(Redaction::parse("principals, addresses"), Ok(all));
    assert!(Redaction::parse("names").unwrap_err().contains("tokens, addresses, principals, all"));
}

/// In text of all kinds, inserted secrets are replaced whatever surrounds them, and the rest stays valid text.
#[test]
fn no_secret_survives_in_random_text() {
    let mut random = fastrand::Rng::with_seed(7);
    let (tokens, all) = (redactor("tokens", 3), redactor("all", 3));
    let pieces =
        ["%", "25", "&", "=", ":", " ", "\"", "ü", "☃", "%26", "%3D", "a", "/", "\\x", "?", ".", "1"];
    for _ in 0..20_000 {
        let mut noise = || -> String {
            let count = random.usize(0..8);
            (0..count).map(|_| pieces[random.usize(0..pieces.len())]).collect()
        };
        let (before, after) = (noise(), noise());
        let mut text = format!("?X-Amz-Signature={SECRET}");
        for _ in 0..random.u32(0..4) {
            text =
                percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
        }
        let line = format!("{before}{text}{after}");
        let redacted = tokens.text(&line);
        assert!(!redacted.contains(&SECRET[..12]), "{line:?}: {redacted:?}");
        let line = format!("{before} 198.51.100.77 {ADA} {after}");
        let redacted = all.text(&line);
        for gone in ["198.51.100.77", "111122223333", "backup-operator", "sess-4471"] {
            assert!(!redacted.contains(gone), "{line:?}: {redacted:?}");
        }
    }
}

/// The result of `principal()` has the pseudonyms of the requester's parts.
#[test]
fn principals_are_redacted_part_by_part() {
    let redactor = redactor("all", 1);
    let whole = redactor.principal(ADA).into_owned();
    let parts: Vec<&str> = whole.split([':', '/']).collect();
    let [account, role, session] = [parts[4], parts[6], parts[7]];
    assert!(
        is_pseudonym(account, "account") && is_pseudonym(role, "role") && is_pseudonym(session, "session")
    );
    assert_eq!(redactor.role("111122223333:role/backup-operator"), format!("{account}:role/{role}"));
    assert_eq!(redactor.principal("111122223333:person/sess-4471"), format!("{account}:person/{session}"));
    assert_eq!(redactor.role("111122223333:root"), format!("{account}:root"));
    for column in ["principal", "opened_by", "prepared_by", "failed_for", "removed_by"] {
        assert_eq!(columns::Treatment::for_column(column), columns::Treatment::Role);
    }
}

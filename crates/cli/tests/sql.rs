//! SQL on the command line that once gave wrong answers.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Write;
use std::path::Path;

use assert_cmd::Command;
use predicates::str::contains;

fn saltmine(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder).env_remove("NO_COLOR").env("COLUMNS", "200");
    command
}

fn line(time: &str, id: &str, requester: &str, key: &str) -> String {
    format!(
        "5d1c0b2e9f3a4d67 amzn-s3-demo-lake [{time}] 198.51.100.24 {requester} {id} REST.GET.OBJECT {key} \
         \"GET /{key} HTTP/1.1\" 200 - 512 512 24 12 \"-\" \"Boto3/1.40.1\" - host SigV4 C AuthHeader h TLSv1.3 - -\n"
    )
}

/// Three requests in the night when clocks go forward in Berlin.
fn night() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let who = "arn:aws:sts::012345678901:assumed-role/app/i-0abc";
    let lines = [
        line("28/Mar/2026:23:30:00 +0000", "79E4567812345678", who, "a"),
        line("29/Mar/2026:00:30:00 +0000", "0000000000000002", "012345678901", "b"),
        line("29/Mar/2026:01:30:00 +0000", "0000000000000003", who, "c"),
    ];
    std::fs::write(folder.path().join("access.log"), lines.concat()).unwrap();
    folder
}

fn ask(folder: &Path, args: &[&str]) -> String {
    let output = saltmine(folder).args(["query", "access.log"]).args(args).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

#[test]
fn times_of_other_zones_have_their_offset_in_every_form() {
    let folder = night();
    let sql = "SELECT request_time AT TIME ZONE 'Europe/Berlin' AS local, request_time AS utc, \
               CAST(request_time AT TIME ZONE 'Europe/Berlin' AS timestamp) AS clock, \
               make_array(request_time AT TIME ZONE 'Europe/Berlin') AS list, key FROM logs ORDER BY utc";
    for format in ["csv", "tsv", "table", "markdown", "json", "ndjson"] {
        let output = ask(folder.path(), &[sql, "--format", format]).replace('\\', "");
        for time in ["2026-03-29T00:30:00+01:00", "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"] {
            assert_eq!(output.matches(time).count(), 2, "{time} in {format}: {output}");
        }
        for time in ["2026-03-28T23:30:00Z", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"] {
            assert_eq!(output.matches(time).count(), 1, "{time} in {format}: {output}");
        }
        assert!(!output.contains("03:30:00Z"), "local time must not be marked as UTC: {output}");
    }
}

#[test]
fn queries_for_athena_use_the_zone() {
    let folder = night();
    let time = "parse_datetime(requestdatetime,'dd/MMM/yyyy:HH:mm:ss Z') AT TIME ZONE 'Asia/Tokyo'";
    for (sql, answer) in [
        (
            format!("SELECT date({time}) AS d, count(*) AS n FROM s3_access_logs GROUP BY 1 ORDER BY 1"),
            "d,n\n2026-03-29,3\n",
        ),
        (
            format!(
                "SELECT hour({time}) AS h, extract(hour FROM {time}) AS x FROM s3_access_logs ORDER BY key"
            ),
            "h,x\n8,8\n9,9\n10,10\n",
        ),
        (
            format!("SELECT date_format({time}, '%Y-%m-%d %H:%i') AS t FROM s3_access_logs ORDER BY 1"),
            "t\n2026-03-29 08:30\n2026-03-29 09:30\n2026-03-29 10:30\n",
        ),
        (
            format!("SELECT format_datetime({time}, 'yyyy-MM-dd HH:mm') AS t FROM s3_access_logs ORDER BY 1"),
            "t\n2026-03-29 08:30\n2026-03-29 09:30\n2026-03-29 10:30\n",
        ),
    ] {
        assert_eq!(ask(folder.path(), &[&sql, "--alias", "s3_access_logs"]), answer, "{sql}");
    }
}

#[test]
fn idioms_of_athena_run_or_suggest_an_alternative() {
    let folder = night();
    for (sql, answer) in [
        ("SELECT try(1/0) AS x FROM s3_access_logs LIMIT 1", "x\n\"\"\n"),
        (
            "SELECT count(*) AS n FROM s3_access_logs WHERE contains('198.51.100.0/24', CAST(remoteip AS IPADDRESS))",
            "n\n3\n",
        ),
        (
            "SELECT count(*) AS n FROM s3_access_logs WHERE contains('198.51.100.0/25', TRY_CAST(key AS IPADDRESS))",
            "n\n0\n",
        ),
        (
            "WITH l AS (SELECT CAST(remoteip AS IPADDRESS) AS ip FROM s3_access_logs) \
             SELECT count(*) AS n FROM l WHERE contains('198.51.100.0/24', ip)",
            "n\n3\n",
        ),
        (
            "SELECT t.part, count(*) AS n FROM s3_access_logs CROSS JOIN UNNEST(split(key, '/')) AS t(part) GROUP BY 1 ORDER BY 1",
            "part,n\na,1\nb,1\nc,1\n",
        ),
        (
            "SELECT l.key, t.part FROM s3_access_logs l, UNNEST(split(l.key || '/x', '/')) AS t(part) \
             WHERE t.part <> 'x' ORDER BY t.part DESC",
            "key,part\nc,c\nb,b\na,a\n",
        ),
        ("SELECT \"$path\", count(*) AS n FROM s3_access_logs GROUP BY 1", "$path,n\naccess.log,3\n"),
        ("SELECT s.\"$path\" AS p FROM athena.s3_access_logs s LIMIT 1", "p\naccess.log\n"),
        (
            "SELECT bitwise_and(12, 10) AS a, bitwise_or(12, 10) AS o, bitwise_xor(12, 10) AS x",
            "a,o,x\n8,14,6\n",
        ),
        (
            "SELECT at_timezone(parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z'), 'Asia/Tokyo') AS t \
             FROM s3_access_logs WHERE key = 'a'",
            "t\n2026-03-29T08:30:00+09:00\n",
        ),
        (
            "SELECT with_timezone(date_parse('2026-03-29 08:30', '%Y-%m-%d %H:%i'), 'Asia/Tokyo') AS t",
            "t\n2026-03-29T08:30:00+09:00\n",
        ),
        ("SELECT from_utf8(to_utf8('ü')) AS t", "t\nü\n"),
        (
            "SELECT bucket_name, operation, count(*) AS count FROM s3_access_logs WHERE \
             parse_datetime(requestdatetime,'dd/MMM/yyyy:HH:mm:ss Z') >= (CURRENT_DATE - interval '36500' day) \
             GROUP BY bucket_name, operation ORDER BY count DESC",
            "bucket_name,operation,count\namzn-s3-demo-lake,REST.GET.OBJECT,3\n",
        ),
    ] {
        let found = ask(folder.path(), &[sql, "--alias", "s3_access_logs"]);
        assert_eq!(found, answer, "{sql}");
    }
    let all = ask(folder.path(), &["SELECT * FROM s3_access_logs LIMIT 1", "--alias", "s3_access_logs"]);
    assert!(!all.contains("$path"), "{all}");
    for (sql, advice) in [
        ("SELECT histogram(operation) FROM s3_access_logs", "use SELECT x, count(*) … GROUP BY x"),
        (
            "SELECT part, n FROM s3_access_logs CROSS JOIN UNNEST(split(key, '/')) WITH ORDINALITY AS t(part, n)",
            "can be written as SELECT",
        ),
        ("SELECT CAST(key AS IPADDRESS) FROM s3_access_logs", "invalid address"),
    ] {
        let mut command = saltmine(folder.path());
        command.args(["query", "access.log", sql, "--alias", "s3_access_logs"]);
        command.assert().code(1).stderr(contains(advice));
    }
}

#[test]
fn parameters_get_the_type_that_the_sql_compares() {
    let folder = night();
    for (sql, param, answer) in [
        ("SELECT key FROM logs WHERE request_id = $x", "x=79E4567812345678", "key\na\n"),
        ("SELECT key FROM logs WHERE requester = $x", "x=012345678901", "key\nb\n"),
        ("SELECT key FROM logs WHERE account_id(requester) = $x ORDER BY 1", "x=012345678901", "key\na\nc\n"),
        ("SELECT count(*) AS n FROM logs WHERE http_status = $x", "x=200", "n\n3\n"),
        ("SELECT key FROM logs WHERE request_time < $x", "x=2026-03-29", "key\na\n"),
        ("SELECT key FROM logs ORDER BY 1 LIMIT $x", "x=1", "key\na\n"),
        ("SELECT $x AS x", "x=007", "x\n007\n"),
    ] {
        assert_eq!(ask(folder.path(), &[sql, "-p", param]), answer, "{sql}");
    }
    for (sql, param, problem) in [
        (
            "SELECT key FROM logs WHERE http_status = $x",
            "x=forbidden",
            "parameter x: \"forbidden\" is not an integer",
        ),
        (
            "SELECT key FROM logs WHERE http_status = 200",
            "status=200",
            "parameter status: the SQL has no $status",
        ),
    ] {
        let mut command = saltmine(folder.path());
        command.args(["query", "access.log", sql, "-p", param]).assert().code(2).stderr(contains(problem));
    }
}

const INVENTORY: &str = "\"amzn-s3-demo-lake\",\"raw/2024/a.parquet\",\"1048576\",\"2024-03-01T10:00:00.000Z\"\n\
    \"amzn-s3-demo-lake\",\"raw/2025/r%C3%A9sum%C3%A9+final.pdf\",\"2048\",\"2025-02-01T10:00:00.000Z\"\n\
    \"amzn-s3-demo-lake\",\"hot/b.parquet\",\"4096\",\"2026-05-01T10:00:00.000Z\"\n";

#[test]
fn an_inventory_is_read_as_s3_delivers_it() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        line("16/May/2026:11:00:00 +0000", "0000000000000001", "-", "hot/b.parquet"),
        line(
            "16/May/2026:11:00:01 +0000",
            "0000000000000002",
            "-",
            "raw/2025/r%25C3%25A9sum%25C3%25A9%2Bfinal.pdf",
        ),
    ];
    std::fs::write(folder.path().join("access.log"), lines.concat()).unwrap();
    std::fs::write(folder.path().join("inventory.csv"), INVENTORY).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(INVENTORY.as_bytes()).unwrap();
    std::fs::write(folder.path().join("inventory.csv.gz"), gzip.finish().unwrap()).unwrap();
    for file in ["inventory=inventory.csv", "inventory=inventory.csv.gz"] {
        let count = "SELECT count(*) AS n, sum(size) AS bytes, max(key) AS key FROM inventory";
        let answer = ask(folder.path(), &["--table", file, count]);
        assert_eq!(answer, "n,bytes,key\n3,1054720,raw/2025/résumé final.pdf\n", "{file}");
        let unused = ["--table", file, "--name", "unused-prefixes", "-p", "min_age_days=0"];
        assert_eq!(ask(folder.path(), &unused), "bucket,prefix,objects,bytes,newest\n", "{file}");
        let answer = ask(folder.path(), &[&unused[..], &["-p", "depth=2"]].concat());
        assert_eq!(
            answer,
            "bucket,prefix,objects,bytes,newest\namzn-s3-demo-lake,raw/2024,1,1048576,2024-03-01T10:00:00\n",
            "{file}"
        );
    }
    saltmine(folder.path())
        .args(["query", "access.log", "--table", "i=inventory.csv", "SELECT 1"])
        .assert()
        .stderr(contains("table i: an S3 Inventory, recognised by its rows"));
}

#[test]
fn the_first_line_of_a_table_is_never_lost() {
    let folder = night();
    for (name, text, problem) in [
        ("addresses.csv", "198.51.100.24\n198.51.100.25\n", "the first line holds data, not column names"),
        ("twice.csv", "a,a\n1,2\n", "the first line holds data, not column names"),
        ("empty.csv", "", "the file is empty"),
        (
            "wide.csv",
            &format!("{}\n", (0..100_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",")),
            "has 100000 columns; at most 2000",
        ),
        (
            "wide.ndjson",
            &format!("{{{}}}\n", (0..3000).map(|n| format!("\"c{n}\":1")).collect::<Vec<_>>().join(",")),
            "has 3000 columns; at most 2000",
        ),
        ("table.txt", "a\n", "must end in csv"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
        let mut command = saltmine(folder.path());
        command.args(["query", "access.log", "--table", &format!("t={name}"), "SELECT count(*) FROM t"]);
        command.assert().code(1).stderr(contains(problem));
    }
    std::fs::write(folder.path().join("named.csv"), "address,name\n198.51.100.24,us\n").unwrap();
    saltmine(folder.path())
        .args(["query", "access.log", "--table", "t=named.csv", "SELECT count(*) AS n FROM t"])
        .assert()
        .success()
        .stdout("n\n1\n")
        .stderr(contains("the first line names its columns: address, name"));
}

#[test]
fn a_value_that_cannot_be_written_is_an_error() {
    let folder = night();
    for format in ["csv", "tsv", "table", "markdown", "json", "ndjson"] {
        let sql = "SELECT from_unixtime(9223372036854775807) AS t";
        let output = saltmine(folder.path()).args(["query", "access.log", sql, "--format", format]).assert();
        let stdout = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        assert!(!stdout.contains("ERROR"), "{format}: {stdout}");
        output.code(1);
    }
}

/// Statements nested as deeply as allowed run; deeper ones are refused; neither crashes the program.
#[test]
fn deep_statements_do_not_end_the_program() {
    let folder = night();
    let run = |sql: &str| {
        std::fs::write(folder.path().join("deep.sql"), sql).unwrap();
        let output =
            saltmine(folder.path()).args(["query", "access.log", "-f", "deep.sql"]).output().unwrap();
        let code = output.status.code();
        (code, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let chain = |terms: usize, first: &str, more: &str| format!("{first}{}", more.repeat(terms));
    for sql in [
        chain(30_000, "SELECT 1", "-1"),
        chain(30_000, "SELECT count(*) FROM logs WHERE key = 'a'", " OR key = 'b'"),
        chain(30_000, "SELECT 1", " UNION ALL SELECT 1"),
        chain(30_000, "SELECT 1", "::bigint"),
        chain(30_000, "SELECT ", "- ") + "1",
    ] {
        let (code, problem) = run(&sql);
        assert!(
            code == Some(1) && problem.contains("words and symbols"),
            "{}…: {code:?} {problem}",
            &sql[..40]
        );
    }
    for sql in [
        chain(1900, "SELECT log_line", " - log_line") + " AS n FROM logs",
        chain(950, "SELECT count(*) FROM logs WHERE key = 'a'", " OR user_agent = 'b'"),
        chain(950, "SELECT count(*) FROM logs WHERE key = 'a'", " AND user_agent <> 'b'"),
        chain(3900, "SELECT log_line", "-1") + " AS n FROM logs",
        chain(400, "SELECT log_line", " * 1.5") + " AS n FROM logs",
    ] {
        let (code, problem) = run(&sql);
        assert!(code == Some(0), "{}…: {code:?} {problem}", &sql[..40]);
    }
    let list: Vec<String> = (0..30_000).map(|n| format!("'{n}'")).collect();
    let (code, problem) = run(&format!("SELECT count(*) FROM logs WHERE key IN ({})", list.join(", ")));
    assert_eq!(code, Some(0), "{problem}");
    let mut doubling = "WITH a0 AS (SELECT 1 AS n)".to_owned();
    for level in 1..=25 {
        doubling += &format!(", a{level} AS (SELECT * FROM a{0} UNION ALL SELECT * FROM a{0})", level - 1);
    }
    let (code, problem) = run(&format!("{doubling} SELECT count(*) FROM a25"));
    assert!(code == Some(1) && problem.contains("steps"), "{code:?} {problem}");
}

/// Nested joins hold rows at each level: a few fit into memory, sixty are refused. Otherwise the system would kill the
/// program.
#[cfg(unix)]
#[test]
fn sixty_self_joins_do_not_end_the_program() {
    let folder = night();
    let run = |joins: usize, column: &str| {
        let join = |n: usize| format!(" JOIN logs t{n} ON t{n}.{column} = t{}.{column}", n - 1);
        let joined: String = (1..=joins).map(join).collect();
        std::fs::write(folder.path().join("join.sql"), format!("SELECT count(*) AS n FROM logs t0{joined}"))
            .unwrap();
        let limited = "ulimit -v 6000000 && exec \"$0\" query access.log -f join.sql --memory-limit 256m";
        let mut command = Command::new("sh");
        command
            .current_dir(folder.path())
            .args(["-c", limited])
            .arg(assert_cmd::cargo::cargo_bin!("saltmine"));
        command.assert()
    };
    run(32, "request_id").success().stdout("n\n3\n");
    for column in ["request_id", "bucket"] {
        let refused =
            "the SQL joins the result of joins 60 times over; at most 32 joins can follow each other";
        run(60, column).code(1).stderr(predicates::str::contains(refused));
    }
}

#[test]
fn sums_do_not_wrap() {
    let folder = night();
    // In 64 bits, their sum would be 1,000.
    let sizes = "(SELECT 'b' AS bucket, n FROM (VALUES (16334280827), (9223372036854775807), (9223372020520495982)) AS t (n))";
    for sql in [
        format!("SELECT sum(n) FROM {sizes}"),
        format!("SELECT bucket, sum(n) FROM {sizes} GROUP BY 1"),
        format!("SELECT sum(n) OVER (PARTITION BY bucket) FROM {sizes}"),
        format!("SELECT n + 9223372036854775807 FROM {sizes}"),
    ] {
        let mut command = saltmine(folder.path());
        command
            .args(["query", "access.log", &sql])
            .assert()
            .code(1)
            .stderr(contains("does not fit in 64 bits"));
    }
}

#[test]
fn copies_are_read_once_and_named() {
    let folder = night();
    std::fs::copy(folder.path().join("access.log"), folder.path().join("copy.log")).unwrap();
    saltmine(folder.path())
        .args(["query", "access.log", "copy.log", "SELECT count(*) AS n FROM logs"])
        .assert()
        .success()
        .stdout("n\n3\n")
        .stderr(contains("copy.log: not read: same content as access.log"));
}

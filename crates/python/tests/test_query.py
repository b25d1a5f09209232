"""SQL: the same answers as the command, with bound values and unmodified text."""

import datetime
import json

import polars
import pyarrow
import pytest

import saltmine

UTC = datetime.timezone.utc


def dicts(rows):
    return polars.DataFrame(rows).to_dicts()


def as_json(value):
    """Format a value as the command does."""
    if isinstance(value, bytes):
        return value.hex()
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime.datetime) else value


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT operation, count(*) AS n, sum(bytes_sent) AS bytes FROM logs GROUP BY 1 ORDER BY 2 DESC, 1",
        "SELECT log_file, log_line, key, request_uri, user_agent, referer, anomaly, raw FROM logs "
        "WHERE anomaly IS NOT NULL ORDER BY log_file, log_line",
        "SELECT * FROM rejects ORDER BY log_file, log_line",
        "SELECT tls_version, hdr_quantile(total_time, 0.9) AS p90 FROM logs GROUP BY 1 ORDER BY 1 NULLS LAST",
    ],
)
@pytest.mark.filterwarnings("ignore::saltmine.DamagedInputWarning")
def test_answers_match_the_command(command, logs, lake, sql):
    expected = command.rows(lake, sql)
    assert expected
    for inputs in (lake, logs):
        answer = pyarrow.table(saltmine.query(sql, inputs)).to_pylist()
        assert [{name: as_json(value) for name, value in row.items()} for row in answer] == expected


def test_hostile_text_is_unchanged(command, tmp_path):
    agent = "\x1b[31m<script>alert(1)</script> ''; DROP TABLE logs; -- \u202e=cmd|' /C calc'!A0"
    line = command.run("query", "--format", "csv", str(tmp_path), "x", codes=(1,))  # nothing there yet
    assert line == ""
    fields = (
        'owner bucket [06/Mar/2026:03:02:00 +0000] 192.0.2.3 - 3E57427F33A59F07 REST.GET.OBJECT k "GET /k HTTP/1.1" '
        f'200 - 5 5 1 1 "-" "{agent}" - host - - - h -'
    )
    (tmp_path / "log").write_text(fields + "\n")
    row = dicts(saltmine.query("SELECT user_agent FROM logs WHERE user_agent = $agent", tmp_path, params={"agent": agent}))
    assert row == [{"user_agent": agent}]


def test_values_are_bound_and_never_inserted_as_text(lake):
    hostile = "x' OR '1'='1"
    sql = "SELECT count(*) AS n FROM logs WHERE remote_ip = $ip"
    assert dicts(saltmine.query(sql, lake, params={"ip": hostile})) == [{"n": 0}]
    assert dicts(saltmine.query("SELECT $v AS v", lake, params={"v": hostile})) == [{"v": hostile}]


@pytest.mark.parametrize(
    "value",
    [
        -3,
        0.25,
        True,
        "grün",
        b"\x00\xff",
        datetime.date(2026, 3, 6),
        datetime.datetime(2026, 3, 6, 3, 2, 0, 5, tzinfo=UTC),
        datetime.timedelta(minutes=90),
    ],
)
def test_values_keep_their_type(lake, value):
    (answer,) = pyarrow.table(saltmine.query("SELECT $v AS v", lake, params={"v": value}))["v"].to_pylist()
    if isinstance(value, datetime.timedelta):
        assert answer == pyarrow.scalar((0, 0, 5_400_000_000_000), pyarrow.month_day_nano_interval()).as_py()
    else:
        assert answer == value and type(answer) is type(value)


def test_null_and_times_without_a_zone(lake):
    assert dicts(saltmine.query("SELECT $v IS NULL AS v", lake, params={"v": None})) == [{"v": True}]
    naive = datetime.datetime(2026, 3, 6, 3, 2)
    sql = "SELECT $v = TIMESTAMP '2026-03-06T03:02:00Z' AS v"
    assert dicts(saltmine.query(sql, lake, params={"v": naive})) == [{"v": True}]


def test_unsupported_parameters_are_refused(lake):
    for value in ([1], 2**80, object()):
        with pytest.raises(saltmine.ParameterError, match="parameter v"):
            saltmine.query("SELECT $v AS v", lake, params={"v": value})


def test_since_and_until(command, attack):
    day = ("2026-03-06", datetime.date(2026, 3, 6), datetime.datetime(2026, 3, 6, tzinfo=UTC))
    sql = "SELECT count(*) AS n, min(request_time) AS first FROM logs"
    expected = command.rows(attack, sql, "--since", "2026-03-06", "--until", "2026-03-07")
    for since in day:
        (answer,) = dicts(saltmine.query(sql, attack, since=since, until="2026-03-07T00:00:00Z"))
        assert 0 < answer["n"] == expected[0]["n"]
    with pytest.raises(saltmine.ParameterError, match="yesterday"):
        saltmine.query(sql, attack, since="yesterday")


def test_scan(command, attack):
    condition = "http_status = $status -- and a comment"
    rows = saltmine.scan(attack, columns=["log_line", "key"], where=condition, params={"status": 403})
    assert rows.column_names == ["log_line", "key"]
    expected = command.rows(attack, "SELECT log_line, key FROM logs WHERE http_status = 403")
    assert sorted(map(str, polars.DataFrame(rows)["log_line"])) == sorted(str(row["log_line"]) for row in expected)
    assert saltmine.scan(attack, table="sources", columns="log_file").collect().num_rows == 16
    with pytest.raises(saltmine.QueryError):
        saltmine.scan(attack, columns=['key" FROM logs; --'])
    with pytest.raises(saltmine.ParameterError):
        saltmine.scan(attack, table="information_schema.tables")


def test_catalogue_queries(command, attack):
    catalogue = {query["name"]: query for query in saltmine.queries()}
    assert len(catalogue) >= 60 and catalogue["mass-delete"]["pack"] == "destruction"
    window = datetime.timedelta(minutes=10)
    rows = dicts(saltmine.named("mass-delete", attack, params={"keys": 20, "window": window}))
    expected = command.rows(attack, "--name", "mass-delete", "-p", "keys=20", "-p", "window=10 minutes")
    assert expected and [row["requester"] for row in rows] == [row["requester"] for row in expected]
    with pytest.raises(saltmine.ParameterError, match="did you mean mass-delete"):
        saltmine.named("mass-delet", attack)
    with pytest.raises(saltmine.ParameterError, match="many"):
        saltmine.named("mass-delete", attack, params={"keys": "many"})


def test_other_tables_aliases_and_limits(attack, tmp_path):
    (tmp_path / "known.csv").write_text("ip,name\n198.51.100.44,backup\n")
    sql = "SELECT name, count(*) AS n FROM logs JOIN known ON remote_ip = ip GROUP BY 1"
    (row,) = dicts(saltmine.query(sql, attack, tables={"known": tmp_path / "known.csv"}, memory_limit="64m", threads=1))
    assert row["name"] == "backup" and row["n"] > 0
    assert saltmine.query("SELECT requestdatetime FROM s3.logs", attack, aliases=["s3.logs"]).collect().num_rows > 0
    with pytest.raises(saltmine.ParameterError, match="memory_limit"):
        saltmine.query("SELECT 1", attack, memory_limit="much")


def test_the_hunt_matches_the_command(command, attack):
    found = saltmine.hunt(attack)
    expected = json.loads(command.run("hunt", attack, "--format", "json"))
    assert (found.quiet, found.failed) == (expected["quiet"], [])
    rows = dicts(found)
    assert len(found) == len(rows) == len(expected["findings"]) > 10
    for row, finding in zip(rows, expected["findings"]):
        del finding["dig_deeper"]
        assert set(row) == set(finding)
        for who in row["who"]:
            who["columns"] = json.loads(who["columns"])
        for times in (row, *row["who"], *row["examples"]):
            for name in {"first_seen", "last_seen", "request_time"} & times.keys():
                times[name] = times[name] and times[name].strftime("%Y-%m-%dT%H:%M:%SZ")
        for example in row["examples"]:
            example["http_status"] = str(example["http_status"]) if example["http_status"] is not None else None
        assert row == finding
    assert found.worst == rows[0]["severity"] == "critical"
    with pytest.raises(saltmine.ParameterError, match="no pack"):
        saltmine.hunt(attack, packs="nothing")
    assert 0 < len(saltmine.hunt(attack, packs=["destruction"])) < len(found)


def test_redaction_matches_the_command(command, lake, tmp_path):
    sql = "SELECT requester, remote_ip, request_uri FROM logs WHERE request_uri LIKE '%X-Amz-%' ORDER BY log_file, log_line"
    key = tmp_path / "key"
    shown = dicts(saltmine.query(sql, lake, redact="all", redact_key=key))
    assert key.exists() and shown == command.rows(lake, sql, "--redact=all", "--redact-key", str(key))
    whole = dicts(saltmine.query(sql, lake))
    assert len(shown) == len(whole) and all(one != other for one, other in zip(shown, whole))
    # A built-in query compares true addresses, as in the command, and accepts no pattern to guess them with.
    named = dicts(saltmine.named("origin-split", lake, redact="all", redact_key=key))
    for row in named:
        for name in ("first_seen", "last_seen"):
            row[name] = row[name].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert named == command.rows(lake, "--name", "origin-split", "--redact=all", "--redact-key", str(key))
    events = sorted((row["origin"], row["events"]) for row in named)
    assert events == sorted((row["origin"], row["events"]) for row in dicts(saltmine.named("origin-split", lake)))
    network = {"address": "10.0.0.0/8"}
    with pytest.raises(saltmine.ParameterError, match="32 queries"):
        saltmine.named("retrieved-objects", lake, params=network, redact="all", redact_key=key)
    findings = polars.DataFrame(saltmine.hunt(lake, redact="addresses", redact_key=key))
    addresses = [who["remote_ip"] for finding in findings["who"].to_list() for who in finding if who["remote_ip"]]
    assert addresses and all(address.startswith("ip-") for address in addresses)
    with pytest.raises(saltmine.ParameterError, match="use tokens"):
        saltmine.query(sql, lake, redact="everything")

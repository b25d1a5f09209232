"""Runs the detections (or all queries) of the catalogue as plain DuckDB SQL on the Parquet files of a dataset.

usage: hunt_duckdb.py DATASET QUERIES [--all] [--runs N]

Functions of saltmine's that DuckDB lacks are macros here. They are as cheap as possible while giving the
same results on ordinary logs, without handling every odd case. Prints the time of all detections, and the rows of each.
"""

import argparse
import json
import re
import statistics
import time
from pathlib import Path

import duckdb

MACROS = [
    "date_bin(width, moment) AS time_bucket(width, moment, TIMESTAMP '1970-01-01')",
    "evidence(file, line, moment) AS list_concat(arg_min(file || ':' || line, moment, 2), [arg_max(file || ':' || line, moment)])",
    "regexp_like(text, pattern) AS regexp_matches(text, pattern)",
    "object_key(key, operation) AS CASE WHEN contains(key, '%') THEN url_decode(url_decode(replace(key, '+', ' '))) ELSE key END",
    "uri_param(uri, name) AS nullif(url_decode(regexp_extract(uri, '[?&]' || name || '=([^& ]*)', 1, 'i')), '')",
    "access_key_id(uri) AS nullif(split_part(uri_param(uri, 'X-Amz-Credential'), '/', 1), '')",
    "presigned_expires(uri) AS try_strptime(uri_param(uri, 'X-Amz-Date'), '%Y%m%dT%H%M%SZ')"
    " + to_seconds(TRY_CAST(uri_param(uri, 'X-Amz-Expires') AS BIGINT))",
    "principal_type(requester) AS CASE WHEN requester IS NULL THEN 'anonymous'"
    " WHEN requester LIKE 'arn:%:assumed-role/%' THEN 'assumed_role' WHEN requester LIKE 'arn:%:root' THEN 'root'"
    " WHEN requester LIKE 'arn:%:user/%' THEN 'iam_user' WHEN requester = 'AmazonS3' THEN 'amazon_s3'"
    " WHEN requester LIKE 'svc:%' THEN 'service' ELSE 'other' END",
    "role_name(requester) AS nullif(regexp_extract(requester, ':assumed-role/(.*)/[^/]*$', 1), '')",
    "session_name(requester) AS nullif(regexp_extract(requester, ':assumed-role/.*/([^/]*)$', 1), '')",
    "is_private_ip(ip) AS regexp_matches(ip, '^(10[.]|192[.]168[.]|172[.](1[6-9]|2[0-9]|3[01])[.]|127[.]|169[.]254[.]|f[cd]|fe80|::1$)')",
    "tls_rank(tls) AS CASE tls WHEN 'TLSv1' THEN 10 WHEN 'TLSv1.1' THEN 11 WHEN 'TLSv1.2' THEN 12 WHEN 'TLSv1.3' THEN 13 END",
    "account_id(requester) AS nullif(regexp_extract(requester, '^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):', 1), '')",
    "ip_in(ip, network) AS starts_with(ip, regexp_replace(network, '[.][0-9]+/[0-9]+$', '.'))",
    "regexp_match(text, pattern) AS [nullif(regexp_extract(text, pattern, 1), '')]",
    "to_unixtime(text, format) AS epoch(try_strptime(text, format))",
    "approx_percentile_cont(value, q) AS approx_quantile(value, q)",
    "operation_class(operation) AS CASE WHEN regexp_matches(operation, '^(REST|WEBSITE)[.](GET|HEAD)[.]') THEN 'read' ELSE 'other' END",
    "log_file_time(file) AS try_strptime(regexp_extract(file, '([0-9]{4}(-[0-9]{2}){5})-[^/]*$', 1), '%Y-%m-%d-%H-%M-%S')",
    "counted(number, noun) AS number || ' ' || noun || CASE WHEN number = 1 THEN '' ELSE 's' END",
    "agent_family(agent) AS lower(regexp_extract(agent, '^[^/ ]+'))",
]


def literal(kind, text):
    """A parameter's default as SQL."""
    if kind == "interval":
        return f"INTERVAL '{text}'"
    if kind in ("integer", "float", "boolean"):
        return text
    if kind == "timestamp":
        return f"TIMESTAMP '{text.rstrip('Z').replace('T', ' ')}'"
    return "'" + text.replace("'", "''") + "'"


def translate(text, folder):
    """A detection of the catalogue in a folder, in DuckDB's SQL."""
    text = re.sub(r"^-- include: (.*)$", lambda part: (folder / "parts" / f"{part[1]}.sql").read_text(), text, flags=re.M)
    parameters = dict()
    for name, kind, default in re.findall(r"^-- parameter: (\w+) (\w+) (.*?) ?— ", text, re.M):
        parameters[name] = literal(kind, default)
    sql = "\n".join(line for line in text.splitlines() if not line.startswith("-- "))
    sql = re.sub(r"--[^\n]*", "", sql)
    for name in sorted(parameters, key=len, reverse=True):
        sql = sql.replace(f"${name}", parameters[name])
    sql = re.sub(r"CAST\((INTERVAL '[^']*') AS INTERVAL\)", r"\1", sql)
    sql = sql.replace("make_array(", "list_value(").replace("array_concat(", "list_concat(")
    return re.sub(r"\b(first|last)_value\(", r"\1(", sql)


def connect(dataset):
    """The tables of a dataset, and the SQL functions that DuckDB lacks."""
    connection = duckdb.connect()
    # Times as plain timestamps in UTC, which are fastest in DuckDB.
    connection.execute(
        f"CREATE VIEW logs AS SELECT * REPLACE (CAST(request_time AS TIMESTAMP) AS request_time) "
        f"FROM read_parquet('{dataset}/logs/event_date=*/*.parquet', hive_partitioning = true)"
    )
    connection.execute("SET TimeZone TO 'UTC'")
    for table, columns in (("rejects", "log_file VARCHAR, line BIGINT, reason VARCHAR, raw VARCHAR"), ("sources", "log_file VARCHAR")):
        # A table without rows has no files.
        if any((dataset / table).glob("*.parquet")):
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{dataset}/{table}/*.parquet')")
        else:
            connection.execute(f"CREATE TABLE {table} ({columns})")
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    return connection


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--all", action="store_true", help="include reports")
    parser.add_argument("--runs", type=int, default=1, help="runs of each query, of which the median counts")
    options = parser.parse_args()
    connection = connect(options.dataset)
    queries = {}
    for path in sorted(options.queries.glob("*/*.sql")):
        text = path.read_text()
        if "\n-- kind: detection\n" in text or (options.all and "\n-- kind: report\n" in text):
            queries[path.stem] = translate(text, options.queries)
    rows, times, failed = {}, {}, {}
    begin = time.perf_counter()
    for name, sql in queries.items():
        runs = []
        for _ in range(options.runs):
            start = time.perf_counter()
            try:
                rows[name] = len(connection.execute(sql).fetchall())
            except duckdb.Error as error:
                failed[name] = str(error).splitlines()[0]
            runs.append(time.perf_counter() - start)
        times[name] = statistics.median(runs)
    print(json.dumps({"seconds": time.perf_counter() - begin, "rows": rows, "times": times, "failed": failed}))


if __name__ == "__main__":
    main()

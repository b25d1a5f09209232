"""Runs the same queries in saltmine, Spark, DuckDB and Polars on the same dataset: the answers must be equal, row by row.

Each engine reads the dataset as Delta where it can. Where what it needs for that cannot be had (Spark's jar, DuckDB's
extension), it reads the Parquet files instead, and the check says so.
"""

import datetime
import decimal
import os
import sys
from pathlib import Path

import deltalake
import duckdb
import polars
from common import ask, check

# For Spark in requirements-spark.txt. The variable DELTA_FOR_SPARK names another package, or none if empty.
DELTA_FOR_SPARK = "io.delta:delta-spark_4.2_2.13:4.4.1"

QUESTIONS = {
    "requests by operation": "SELECT operation, count(*) AS n FROM logs GROUP BY operation",
    "sums": """
        SELECT count(*) AS n, count(bytes_sent) AS sent, sum(bytes_sent) AS bytes, sum(object_size) AS sizes,
               max(total_time) AS slowest, min(http_status) AS lowest FROM logs""",
    "distinct requesters, addresses and keys": """
        SELECT count(DISTINCT requester) AS requesters, count(DISTINCT remote_ip) AS addresses,
               count(DISTINCT key) AS keys FROM logs""",
    "first and last time": "SELECT min(request_time) AS first, max(request_time) AS last FROM logs",
    "one partition": """
        SELECT bucket, count(*) AS n, sum(bytes_sent) AS bytes FROM logs
        WHERE event_date = DATE '2026-03-05' GROUP BY bucket""",
    "requests by day": "SELECT event_date, count(*) AS n FROM logs GROUP BY event_date",
    "nulls": """
        SELECT tls_version, count(*) AS n, count(requester) AS signed, count(extra) AS extras FROM logs
        GROUP BY tls_version""",
    "hostile text": """
        SELECT log_file, log_line, anomaly, user_agent, referer, raw FROM logs WHERE anomaly IS NOT NULL""",
}


def plain(value):
    """Format a value as in saltmine's JSON."""
    if isinstance(value, decimal.Decimal) and value == int(value):
        return int(value)
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc)
        return value.strftime("%Y-%m-%dT%H:%M:%S") + (f".{value.microsecond:06}" if value.microsecond else "") + "Z"
    return value.isoformat() if isinstance(value, datetime.date) else value


def ordered(rows):
    """Sort rows independently of any engine's collation."""
    return sorted((tuple(plain(value) for value in row) for row in rows), key=repr)


def by_duckdb(logs):
    """A function that runs queries, and a description of what it reads."""
    connection = duckdb.connect()
    connection.sql("SET TimeZone = 'UTC'")
    try:
        connection.sql("INSTALL delta")
        connection.sql("LOAD delta")
        source, how = f"delta_scan('{logs}')", "as Delta"
    except duckdb.Error:
        # The files named by the Delta log.
        files = deltalake.DeltaTable(str(logs)).file_uris()
        source, how = f"read_parquet({files!r}, hive_partitioning = true)", "the Parquet files that the Delta log names"
    connection.sql(f"CREATE VIEW logs AS SELECT * FROM {source}")
    # Through Arrow: DuckDB's own rows need another package for times with a zone.
    return f"DuckDB {duckdb.__version__}", how, lambda sql: rows(connection.sql(sql).to_arrow_table())


def rows(table):
    return zip(*(column.to_pylist() for column in table.columns))


def by_polars(logs):
    context = polars.SQLContext(logs=polars.scan_delta(str(logs)))
    how = f"as Delta (deltalake {deltalake.__version__})"
    return f"Polars {polars.__version__}", how, lambda sql: context.execute(sql).collect().rows()


def spark_session(package):
    from pyspark.sql import SparkSession

    os.environ["TZ"] = "UTC"  # times are returned in local time
    builder = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "2g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.log.level", "ERROR")
        .config("spark.ui.showConsoleProgress", "false")
    )
    if package:
        builder = (
            builder.config("spark.jars.packages", package)
            .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
            .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        )
    return builder.getOrCreate()


def open_spark():
    """A session, and whether it can read Delta."""
    package = os.environ.get("DELTA_FOR_SPARK", DELTA_FOR_SPARK)
    if package:
        try:
            return spark_session(package), True
        except Exception:  # Spark fails without the jar; the error depends on the cause
            print(f"--  {package} is not available: Spark reads the Parquet files", flush=True)
    return spark_session(None), False


def by_spark(session, has_delta, logs):
    read = session.read.format("delta") if has_delta else session.read
    frame = read.load(str(logs))
    frame.createOrReplaceTempView("logs")
    how = "as Delta" if has_delta else "the Parquet files"
    return f"Spark {session.version}", how, lambda sql: [tuple(row) for row in session.sql(sql).collect()]


def main():
    saltmine, lakes = sys.argv[1], [Path(path) for path in sys.argv[2:]]
    session, has_delta = open_spark()
    for lake in lakes:
        expected = {name: ordered(ask(saltmine, str(lake), sql)) for name, sql in QUESTIONS.items()}
        check(f"{lake.name}: every query has an answer", all(expected.values()))
        logs = lake / "logs"
        for engine, how, answer in [by_spark(session, has_delta, logs), by_duckdb(logs), by_polars(logs)]:
            for name, sql in QUESTIONS.items():
                found = ordered(answer(sql))
                same = found == expected[name]
                if not same:
                    differ = [pair for pair in zip(found, expected[name]) if pair[0] != pair[1]]
                    print(f"{len(found)} rows for {len(expected[name])}; first to differ: {differ[:1]}")
                check(f"{lake.name}: {engine}, {how}: {name}", same)
    session.stop()


main()

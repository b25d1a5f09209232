"""DuckDB reads whole lines, splits them with the regular expression, and writes Parquet."""

import duckdb
import peer
from s3log import FIELDS, NUMBERS, PATTERN, QUOTED, files, sql_text


def column(field):
    """The typed column of a field; `f` is the struct of groups."""
    if field == "request_time":
        return "strptime(f.request_time, '%d/%b/%Y:%H:%M:%S %z') AS request_time"
    if field in NUMBERS:
        return f"TRY_CAST(f.{field} AS BIGINT) AS {field}"
    if field == "http_status":
        return "TRY_CAST(f.http_status AS SMALLINT) AS http_status"
    if field in QUOTED:
        return f"""CASE WHEN f.{field} IN ('', '-', '"-"') THEN NULL ELSE f.{field}[2:-2] END AS {field}"""
    return f"CASE WHEN f.{field} IN ('', '-') THEN NULL ELSE f.{field} END AS {field}"


def main(corpus, out):
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET preserve_insertion_order = false")
    con.execute(
        f"""
        COPY (
            SELECT {", ".join(column(field) for field in FIELDS)}
            FROM (
                SELECT regexp_extract(line, {sql_text(PATTERN)}, {FIELDS}) AS f
                FROM read_csv($files, delim = chr(1), quote = '', escape = '', header = false, auto_detect = false,
                              columns = {{'line': 'VARCHAR'}}, ignore_errors = true, compression = 'gzip')
            )
            WHERE f.operation != ''
        ) TO '{out}/logs.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
        """,
        {"files": files(corpus)},
    )


peer.run(main)

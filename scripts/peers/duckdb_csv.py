"""DuckDB reads the lines as CSV with spaces and quotes, and writes Parquet.

Quotes are never escaped in these logs, so a line with a quote inside a field has more or fewer columns than it should;
such a line is dropped (`ignore_errors`) or read wrong. This is the fastest way into DuckDB.
"""

import duckdb
import peer
from s3log import FIELDS, NUMBERS, files


def columns():
    """The columns of the CSV: the time contains a space, and future fields need a column."""
    types = dict.fromkeys(FIELDS, "VARCHAR") | dict.fromkeys(NUMBERS, "BIGINT") | {"http_status": "SMALLINT"}
    found = {}
    for field in FIELDS:
        if field == "request_time":
            found |= {"day": "VARCHAR", "zone": "VARCHAR"}
        else:
            found[field] = types[field]
    return found | {f"extra_{at}": "VARCHAR" for at in range(4)}


def main(corpus, out):
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET preserve_insertion_order = false")
    fields = ", ".join(
        "strptime(day || ' ' || zone, '[%d/%b/%Y:%H:%M:%S %z]') AS request_time" if f == "request_time" else f
        for f in FIELDS
    )
    con.execute(
        f"""
        COPY (
            SELECT {fields}
            FROM read_csv($files, delim = ' ', quote = '"', escape = '', header = false, auto_detect = false,
                          columns = {columns()}, nullstr = '-', null_padding = true, ignore_errors = true,
                          strict_mode = false, compression = 'gzip')
        ) TO '{out}/logs.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
        """,
        {"files": files(corpus)},
    )


peer.run(main)

"""Compares what a tool wrote with the generator's true values.

Rows are compared by request id, operation, key and time, as a multiset: a true row whose four are nowhere in the answer is
lost; one that is there, but with another request-URI, status, bytes sent, referer, user agent or TLS version, is
mis-read. Forged rows that are not true are not counted. A byte that is not UTF-8 may be shown as U+FFFD in place of
saltmine's `\\xHH`.
"""

import json
import sys

import duckdb

IDENTITY = ["request_id", "operation", "key", "request_time"]
TEXT = ["request_uri", "referer", "user_agent", "tls_version"]
NUMBERS = ["http_status", "bytes_sent"]


def _columns(names):
    text = "regexp_replace({0}, '(\\\\xFF|\ufffd)+', '?', 'g') AS {0}"
    return ", ".join(text.format(name) if name in TEXT or name == "key" else name for name in names)


def main(truth, answer):
    """`truth` is the generator's folder, `answer` a glob of Parquet files; prints both counts."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"CREATE TEMP TABLE answer AS SELECT {_columns(IDENTITY + TEXT + NUMBERS)} FROM read_parquet('{answer}')")
    con.execute(
        f"CREATE TEMP TABLE truth AS SELECT {_columns(IDENTITY + TEXT + NUMBERS)} FROM read_parquet('{truth}/**/*.parquet')"
    )

    def missing(names):
        columns = ", ".join(names)
        query = f"SELECT count(*) FROM (SELECT {columns} FROM truth EXCEPT ALL SELECT {columns} FROM answer)"
        return con.execute(query).fetchall()[0][0]

    lost = missing(IDENTITY)
    misread = missing(IDENTITY + TEXT + NUMBERS) - lost
    print(json.dumps({"lost": lost, "misread": misread}))


main(*sys.argv[1:])

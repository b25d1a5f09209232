"""Compares other readers with saltmine and the true values: counts, sums, every field of every row, and the Delta tables."""

import json
import subprocess
import sys
from pathlib import Path

import deltalake
import duckdb
import polars
import pyarrow.dataset
from common import ask, check

saltmine, work = sys.argv[1], Path(sys.argv[2])
lake, logs, truth = work / "lake", work / "logs", work / "truth"
glob = str(lake / "logs" / "event_date=*" / "*.parquet")


def by_saltmine(source):
    count, total = ask(saltmine, source, "SELECT count(*), sum(bytes_sent) FROM logs")[0]
    operations = ask(saltmine, source, "SELECT operation, count(*) FROM logs GROUP BY operation")
    return count, total, dict(operations)


def by_duckdb():
    table = f"read_parquet('{glob}')"
    count, total = duckdb.sql(f"SELECT count(*), sum(bytes_sent) FROM {table}").fetchall()[0]
    return count, int(total), dict(duckdb.sql(f"SELECT operation, count(*) FROM {table} GROUP BY 1").fetchall())


def by_polars(frame):
    count, total = frame.select(polars.len(), polars.col("bytes_sent").sum()).collect().row(0)
    return count, total, dict(frame.group_by("operation").len().collect().rows())


def by_pyarrow():
    files = sorted(str(path) for path in lake.glob("logs/event_date=*/*.parquet"))
    table = pyarrow.dataset.dataset(files).to_table(columns=["operation", "bytes_sent"])
    counts = table["operation"].value_counts().to_pylist()
    total = pyarrow.compute.sum(table["bytes_sent"]).as_py()
    return table.num_rows, total, {count["values"]: count["counts"] for count in counts}


expected = by_saltmine(str(lake))
check("the same answer on the dataset and on the raw folder", by_saltmine(str(logs)) == expected)
check(f"DuckDB {duckdb.__version__} reads the Parquet files", by_duckdb() == expected)
check(f"Polars {polars.__version__} reads the Parquet files", by_polars(polars.scan_parquet(glob)) == expected)
check(f"pyarrow {pyarrow.__version__} reads the Parquet files", by_pyarrow() == expected)
delta = deltalake.DeltaTable(str(lake / "logs"))
check(f"deltalake {deltalake.__version__} opens the table", len(delta.file_uris()) > 0)
check("Polars reads the Delta table", by_polars(polars.scan_delta(str(lake / "logs"))) == expected)

# Every field of every row, by an engine that shares no code with saltmine.
names = [name for name in duckdb.sql(f"SELECT * FROM read_parquet('{truth}/**/*.parquet') LIMIT 0").columns]
columns = ", ".join(f'"{name}"' for name in names)
read = f"SELECT {columns} FROM read_parquet('{glob}')"
true = f"SELECT {columns} FROM read_parquet('{truth}/**/*.parquet')"
for what, left, right in [("untrue", read, true), ("lost", true, read)]:
    wrong = duckdb.sql(f"SELECT count(*) FROM ({left} EXCEPT ALL {right})").fetchall()[0][0]
    check(f"no row is {what}, compared in all {len(names)} columns", wrong == 0)

summary = json.loads((truth / "summary.json").read_text())
check("rows + rejects + blanks = lines", summary["rows"] + summary["rejects"] + summary["blanks"] == summary["lines"])
check("all rows are there", expected[0] == summary["rows"])
again = subprocess.run([saltmine, "ingest", logs, "--to", lake], check=True, capture_output=True).stderr.decode()
check("a second run adds nothing", ": nothing new (all already in the dataset)" in again and by_saltmine(str(lake)) == expected)

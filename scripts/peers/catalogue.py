"""Runs each query of the catalogue with saltmine and with DuckDB on the same dataset.

Both run a query several times in one process that has the tables open, and the median of the times counts; what is
timed ends when all rows are read, which saltmine writes as JSON and DuckDB hands to Python. A query that DuckDB cannot run, or that
needs a table which the dataset has not, is left out and named.
"""

import argparse
import json
import math
import re
import statistics
import subprocess
import sys
from pathlib import Path

from hunts import HERE, QUERIES, dataset, run


def ask(saltmine, lake, name, runs):
    """The median time of a query in saltmine's shell, and its number of rows."""
    script = "\\timing\n\\format json\n" + f"\\run {name}\n" * runs
    shell = subprocess.run([saltmine, "shell", lake], input=script, capture_output=True, text=True, check=True)
    times = [float(seconds) for seconds in re.findall(r"^Time: ([0-9.]+) s$", shell.stderr, re.M)]
    if len(times) != runs:
        raise SystemExit(f"{name}: {shell.stderr}")
    rows, _ = json.JSONDecoder().raw_decode(shell.stdout)
    return statistics.median(times), len(rows)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench-catalogue")
    parser.add_argument("--saltmine", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--work", required=True, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=3, help="runs of each query")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of the corpus")
    options = parser.parse_args()

    lake = dataset(options)
    theirs = run(
        [sys.executable, HERE / "hunt_duckdb.py", lake, QUERIES, "--all", "--runs", str(options.runs)],
        options.work / "answer.json",
    )[3]
    ratios, differ, skipped = {}, [], dict(theirs["failed"])
    print("| query | saltmine, s | DuckDB, s | ratio | rows |\n|---|---:|---:|---:|---:|")
    for name, seconds in theirs["times"].items():
        if name in skipped:
            continue
        ours, rows = ask(options.saltmine, lake, name, options.runs)
        if rows != theirs["rows"][name]:
            differ.append(f"{name} ({rows} and {theirs['rows'][name]})")
        ratios[name] = ours / seconds
        print(f"| {name} | {ours:.3f} | {seconds:.3f} | {ratios[name]:.2f} | {rows:,} |", flush=True)
    mean = math.exp(statistics.fmean(math.log(ratio) for ratio in ratios.values()))
    worst = max(ratios, key=ratios.get)
    print(f"\n{options.lines:,} lines, median of {options.runs} runs, {len(ratios)} queries: saltmine takes {mean:.2f} times DuckDB's time")
    print(f"in the geometric mean, and {ratios[worst]:.2f} times in the worst case ({worst}).")
    print(f"Row counts differ in: {', '.join(differ) or 'none'}.")
    for name, problem in skipped.items():
        print(f"skipped: {name}: {problem}")


if __name__ == "__main__":
    main()

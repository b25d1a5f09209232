"""Each query of the catalogue, by saltmine and by DuckDB, over the same dataset.

saltmine's time is that of a whole process a query, from start to exit; DuckDB's is that of the query alone, in one
process that has the interpreter, the imports and the views behind it. The median counts. A query that DuckDB cannot
run, or that needs a table which the dataset has not, is left out and named.
"""

import argparse
import math
import statistics
import sys
from pathlib import Path

from hunts import HERE, QUERIES, dataset, run


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench-catalogue")
    parser.add_argument("--saltmine", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--work", required=True, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=3, help="runs of each query")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of the corpus")
    options = parser.parse_args()

    lake = dataset(options)
    output = options.work / "answer.json"
    theirs = run([sys.executable, HERE / "hunt_duckdb.py", lake, QUERIES, "--all", "--runs", str(options.runs)], output)[3]
    ratios, differ, skipped = {}, [], dict(theirs["failed"])
    print("| query | saltmine, s | DuckDB, s | ratio | rows |\n|---|---:|---:|---:|---:|")
    for name, seconds in theirs["times"].items():
        if name in skipped:
            continue
        command = [options.saltmine, "--quiet", "query", lake, "--name", name, "--format", "json"]
        runs = [run(command, output) for _ in range(options.runs)]
        ours = statistics.median(once[0] for once in runs)
        rows = len(runs[-1][3])
        if rows != theirs["rows"][name]:
            differ.append(f"{name} ({rows} and {theirs['rows'][name]})")
        ratios[name] = ours / seconds
        print(f"| {name} | {ours:.3f} | {seconds:.3f} | {ratios[name]:.2f} | {rows:,} |", flush=True)
    mean = math.exp(statistics.fmean(math.log(ratio) for ratio in ratios.values()))
    worst = max(ratios, key=ratios.get)
    print(f"\n{options.lines:,} lines, median of {options.runs} runs, {len(ratios)} queries: saltmine takes {mean:.2f} times DuckDB's time")
    print(f"in the geometric mean, and {ratios[worst]:.2f} times at worst ({worst}).")
    print(f"Numbers of rows differ in: {', '.join(differ) or 'none'}.")
    for name, problem in skipped.items():
        print(f"left out: {name}: {problem}")


if __name__ == "__main__":
    main()

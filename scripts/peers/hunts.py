"""Runs `saltmine hunt` and the same detections as DuckDB SQL on the same dataset, in turn.

saltmine's wall time is that of the whole process; DuckDB's is that of its queries, without the start of the
interpreter, the imports and the views. CPU and peak memory are those of the whole process.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
QUERIES = HERE.parent.parent / "queries"


def run(command, output):
    """Wall time, CPU time, peak memory in MB, and standard output."""
    with output.open("wb") as file:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=file)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} failed with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, json.loads(output.read_text())


def dataset(options):
    """The corpus, ingested once."""
    folder = options.work / "corpora" / f"lines-{options.lines}"
    quiet = [options.saltmine, "--quiet"]
    if not (folder / "truth" / "summary.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        generate = ["generate", "--out", folder / "logs", "--truth", folder / "truth", "--files", "48"]
        subprocess.run([*quiet, *generate, "--lines", str(options.lines)], check=True)
    lake = options.work / f"hunt-{options.lines}.lake"
    shutil.rmtree(lake, ignore_errors=True)
    subprocess.run([*quiet, "ingest", folder / "logs", "--to", lake], check=True)
    return lake


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench-hunt")
    parser.add_argument("--saltmine", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--work", required=True, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=3, help="runs of each")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of the corpus")
    parser.add_argument("--slowest", type=int, default=5, help="how many of the slowest detections to name")
    options = parser.parse_args()

    lake = dataset(options)
    output = options.work / "hunt.json"
    commands = {
        "saltmine hunt": [options.saltmine, "--quiet", "hunt", lake, "--format", "json"],
        "DuckDB": [sys.executable, HERE / "hunt_duckdb.py", lake, QUERIES],
    }
    runs = {name: [] for name in commands}
    for at in range(options.runs):
        for name, command in commands.items():
            runs[name].append(run(command, output))
            seconds = runs[name][-1][3].get("seconds", runs[name][-1][0])
            print(f"{name} {at + 1}/{options.runs}: {seconds:.2f} s", file=sys.stderr)

    print(f"{options.lines:,} lines; median of {options.runs} runs\n")
    print("| tool | wall, s | CPU, s | peak memory, MB |\n|---|---:|---:|---:|")
    for name, all_runs in runs.items():
        wall = statistics.median(once[3].get("seconds", once[0]) for once in all_runs)
        cpu, peak = (statistics.median(once[at] for once in all_runs) for at in (1, 2))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {peak:,.0f} |")

    ours, theirs = (runs[name][-1][3] for name in commands)
    rows = {finding["query"]: finding["rows"] for finding in ours["findings"]} | {name: 0 for name in ours["quiet"]}
    differ = sorted(name for name in theirs["rows"] if rows.get(name) != theirs["rows"][name])
    print(f"\n{len(theirs['rows'])} detections ran on DuckDB, {len(rows)} on saltmine; findings differ in: {', '.join(differ) or 'none'}")
    for name, problem in (theirs["failed"] | {each["query"]: each["problem"] for each in ours["failed"]}).items():
        print(f"failed: {name}: {problem}")
    slowest = sorted(theirs["times"].items(), key=lambda pair: -pair[1])[: options.slowest]
    print("slowest on DuckDB: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in slowest))


if __name__ == "__main__":
    main()

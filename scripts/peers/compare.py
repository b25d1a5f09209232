"""Runs saltmine and its peers on the same files, and prints their resource usage and the rows they lost.

Every run is its own process. Wall time of a peer in Python is that of its work without the start of the interpreter
and the imports; saltmine's is that of the whole process. CPU (user and system) and peak memory are those of the whole
process with its children. The runs go round: each tool once, then each again.
"""

import argparse
import csv
import datetime
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BASE = "saltmine ingest"
RAW = "SELECT operation, count(*) AS requests, sum(bytes_sent) AS bytes FROM logs GROUP BY operation"


@dataclass
class Tool:
    """A tool; `command` takes the folder of logs and the output folder."""

    name: str
    label: str
    command: object
    answer: str | None = None  # the glob of the Parquet files it writes, below its folder
    rows: object = None  # for tools that write no Parquet: the number of rows read, from its folder and its output
    slow: bool = False  # takes half a minute or more, where others take seconds: run it once


@dataclass
class Run:
    """Resource usage of one run."""

    wall: float
    cpu: float
    peak: float  # MB
    written: int
    printed: str


def goaccess_rows(out, _):
    """Requests that GoAccess accepted as valid."""
    return json.loads((out / "report.json").read_text(errors="replace"), strict=False)["general"]["valid_requests"]


def lnav_rows(_, printed):
    """The only number in the answer."""
    return int(printed.split()[-1])


def raw_rows(_, printed):
    """The sum of the counts of all operations."""
    return sum(int(line.split(",")[1]) for line in printed.splitlines()[1:] if line.count(",") == 2)


def tools(options):
    """All tools that can run here."""
    cores = os.cpu_count() or 1

    def shell(text):
        return lambda logs, out: ["bash", "-c", text, "bash", str(logs), str(out)]

    def python(name):
        return lambda logs, out: [sys.executable, str(HERE / f"{name}.py"), str(logs), str(out)]

    each = f"find \"$1\" -name '*.gz' -print0 | xargs -0 -P {cores} -n ${{FILES_EACH:-4}}"
    found = [
        Tool(
            "saltmine",
            BASE,
            lambda logs, out: [options.saltmine, "--quiet", "ingest", str(logs), "--to", f"{out}/lake"],
            "lake/logs/*/*.parquet",
        ),
        Tool(
            "saltmine-raw",
            "saltmine query, raw logs: operation, count, bytes",
            lambda logs, out: [options.saltmine, "--quiet", "query", str(logs), RAW, "--format", "csv"],
            rows=raw_rows,
        ),
        Tool("duckdb-csv", "DuckDB, CSV reader with quotes", python("duckdb_csv"), "*.parquet"),
        Tool("polars", "Polars, regular expression", python("polars_regex"), "*.parquet"),
        Tool("chdb", "chdb (ClickHouse), regular expression", python("chdb_regex"), "*.parquet"),
        Tool("duckdb-regex", "DuckDB, regular expression", python("duckdb_regex"), "*.parquet"),
    ]
    if shutil.which("libdeflate-gunzip"):
        found.insert(0, Tool("inflate", "inflate only, libdeflate", shell(f"{each} libdeflate-gunzip -c > /dev/null")))
    else:
        found.insert(0, Tool("inflate", "inflate only, gzip", shell(f"{each} gzip -dc > /dev/null")))
    if shutil.which("goaccess"):
        count = "find \"$1\" -name '*.gz' -print0 | xargs -0 gzip -dc | goaccess - --no-global-config --log-format=AWSS3 -o \"$2/report.json\""
        found.append(Tool("goaccess", "GoAccess, AWSS3, report as JSON", shell(count), rows=goaccess_rows, slow=True))
    if shutil.which("lnav"):
        ask = "SELECT count(*) FROM s3_log"
        found.append(Tool("lnav", "lnav, s3_log, one count", shell(f"HOME=\"$2\" lnav -n -r -c ';{ask}' \"$1\""), rows=lnav_rows, slow=True))
    if options.spark:
        found.append(Tool("spark", f"Spark local[{cores}], regular expression", python("spark_regex"), "spark/*.parquet", slow=True))
    if options.only:
        found = [tool for tool in found if tool.name in options.only.split(",")]
    return found


def run(tool, logs, out, few_files):
    """Runs a tool once in an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    environment = os.environ | {"FILES_EACH": "4" if few_files else "256", "PYTHONDONTWRITEBYTECODE": "1"}
    output = out.parent / f"{tool.name}.log"
    with output.open("wb") as log:
        start = time.perf_counter()
        process = subprocess.Popen(tool.command(logs, out), stdout=log, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text(errors="replace")
    if process.returncode != 0:
        raise SystemExit(f"{tool.label} failed with {process.returncode}:\n{text[-3000:]}")
    for line in text.splitlines():
        if line.startswith("seconds "):
            wall = float(line.split()[1])
    written = sum(path.stat().st_size for path in out.glob(tool.answer)) if tool.answer else 0
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, written, text)


def corpus(options, name, arguments):
    """Generate a corpus with its true values, once."""
    folder = Path(options.work) / "corpora" / name
    if not (folder / "truth" / "summary.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"Making {folder} ...", file=sys.stderr)
        subprocess.run(
            [options.saltmine, "--quiet", "generate", "--out", folder / "logs", "--truth", folder / "truth", *arguments],
            check=True,
        )
    return folder


def faults(truth, answer):
    """Rows lost and misread. Computed in another process: this one must stay small, because a child's peak memory starts from it."""
    command = [sys.executable, str(HERE / "truth.py"), str(truth), str(answer)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(options, title, folder, chosen, raw):
    """All runs over one corpus; the table as Markdown."""
    summary = json.loads((folder / "truth" / "summary.json").read_text())
    runs = {tool.name: [] for tool in chosen}
    wrong = {}
    scratch = Path(options.work) / "scratch"
    few_files = summary["files"] < 1000
    # Read all files once, so that no tool pays for a cold cache.
    for path in (folder / "logs").rglob("*.gz"):
        path.read_bytes()
    for at in range(options.runs):
        for tool in chosen:
            if tool.slow and at > 0:
                continue
            once = run(tool, folder / "logs", scratch / tool.name, few_files)
            print(f"{title}: {tool.label} {at + 1}/{options.runs}: {once.wall:.2f} s", file=sys.stderr)
            runs[tool.name].append(once)
            raw.writerow([title, tool.name, at + 1, f"{once.wall:.4f}", f"{once.cpu:.4f}", f"{once.peak:.1f}", once.written])
            if tool.answer and at == 0:
                wrong[tool.name] = faults(folder / "truth", scratch / tool.name / tool.answer)
            if tool.rows:
                wrong[tool.name] = {"lost": summary["rows"] - tool.rows(scratch / tool.name, once.printed)}
            shutil.rmtree(scratch / tool.name)
    return table(options, title, summary, chosen, runs, wrong)


def table(options, title, summary, chosen, runs, wrong):
    """Medians, and the ratio of each to the base."""
    def middle(name, what):
        return statistics.median(getattr(once, what) for once in runs[name])

    slow = "; of " + ", ".join(tool.name for tool in chosen if tool.slow) + " one" if any(t.slow for t in chosen) else ""
    lines = [
        f"### {title}",
        "",
        f"{summary['lines']:,} lines, {summary['inflated'] / 1e6:,.0f} MB in {summary['files']:,} gzip files "
        f"of {summary['bytes'] / 1e6:,.0f} MB together; median of {options.runs} runs{slow}.",
        "",
        "| tool | wall, s | CPU, s | peak memory, MB | written, MB | rows lost | rows mis-read | wall, × saltmine |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    base = middle("saltmine", "wall") if "saltmine" in runs else None
    for tool in chosen:
        fault = wrong.get(tool.name)
        cells = [
            tool.label,
            f"{middle(tool.name, 'wall'):.2f}",
            f"{middle(tool.name, 'cpu'):.2f}",
            f"{middle(tool.name, 'peak'):,.0f}",
            f"{middle(tool.name, 'written') / 1e6:.1f}" if tool.answer else "",
            f"{fault['lost']:,}" if fault else "",
            f"{fault['misread']:,}" if fault and "misread" in fault else "",
            f"{middle(tool.name, 'wall') / base:.2f}" if base else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def machine(options, chosen):
    """Machine and versions of the measurement."""
    from importlib.metadata import version as installed

    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = subprocess.run([options.saltmine, "--version"], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    facts = {
        "cpu": cpu[0].split(":", 1)[1].strip() if cpu else "unknown",
        "cores": os.cpu_count(),
        "memory": f"{memory:.0f} GiB",
        "kernel": os.uname().release,
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "saltmine": f"{version} ({commit})",
        "duckdb": installed("duckdb"),
        "polars": installed("polars"),
        "chdb": installed("chdb-core"),
        "tools": ", ".join(tool.name for tool in chosen),
    }
    return "".join(f"{name}: {value}\n" for name, value in facts.items())


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench-peers")
    parser.add_argument("--saltmine", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--work", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=5, help="runs of each tool")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of the large corpus; 0 for none")
    parser.add_argument("--tiny", type=int, default=10_000, help="files, of 20 lines each, of the other; 0 for none")
    parser.add_argument("--only", help="names of tools, with commas")
    parser.add_argument("--spark", action="store_true", help="Spark too; needs Java")
    options = parser.parse_args()

    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], "/usr/games"])
    chosen = tools(options)
    now = datetime.datetime.now(datetime.UTC)
    answer = Path(options.work) / now.strftime("%Y-%m-%dT%H-%M-%SZ")
    answer.mkdir(parents=True)
    (answer / "machine.txt").write_text(machine(options, chosen))
    tables = []
    with (answer / "raw.csv").open("w", newline="", buffering=1) as file:
        raw = csv.writer(file)
        raw.writerow(["corpus", "tool", "run", "wall_s", "cpu_s", "peak_mb", "written_bytes"])
        if options.lines:
            folder = corpus(options, f"lines-{options.lines}", ["--lines", str(options.lines), "--files", "48"])
            tables.append(measure(options, "Large files", folder, chosen, raw))
        if options.tiny:
            few = [tool for tool in chosen if not tool.slow]
            folder = corpus(options, f"tiny-{options.tiny}", ["--lines", str(options.tiny * 20), "--tiny"])
            tables.append(measure(options, "Tiny files", folder, few, raw))
    text = "\n".join(tables) + "\n" + (answer / "machine.txt").read_text().replace("\n", "  \n")
    (answer / "summary.md").write_text(text)
    print(text)
    print(f"written to {answer}", file=sys.stderr)


if __name__ == "__main__":
    main()

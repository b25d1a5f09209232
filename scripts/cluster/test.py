"""The steps of scripts/test-cluster. Each compares with a single process and stops at the first difference."""

import argparse
import hashlib
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from processes import Cluster, free_ports, served

ROOT = Path(__file__).resolve().parents[2]
RUNS = 3
STEPS = ["catalogue", "raw", "reports", "ingest", "s3", "kill-ingest", "kill-hunt"]


def fail(text):
    sys.exit(f"FAILED: {text}")


class Runner:
    def __init__(self, saltmine, work):
        self.saltmine, self.work = saltmine, work

    def start(self, *arguments):
        command = [self.saltmine, *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)

    def end(self, process, codes=(0,)):
        out, err = process.communicate(timeout=3600)
        if process.returncode not in codes:
            fail(f"{' '.join(process.args)}\nended with {process.returncode}\n{err.decode(errors='replace')[-4000:]}")
        return out

    def run(self, *arguments, codes=(0,)):
        return self.end(self.start(*arguments), codes)

    def timed(self, *arguments, codes=(0,)):
        """Output, wall time, and CPU time of the process."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        out = self.run(*arguments, codes=codes)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return out, time.monotonic() - start, cpu


def canonical(value):
    """Round numbers, which depend on the order of a sum."""
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [canonical(each) for each in value]
    if isinstance(value, dict):
        return {key: canonical(each) for key, each in value.items()}
    return value


def rows(text):
    """The rows of an answer as a multiset."""
    found = {}
    for line in text.decode().splitlines():
        row = json.dumps(canonical(json.loads(line)), sort_keys=True)
        found[row] = found.get(row, 0) + 1
    return found


def assert_same_rows(what, expected, found):
    if expected == found:
        return
    missing = [row for row, count in expected.items() if found.get(row, 0) != count]
    more = [row for row, count in found.items() if expected.get(row, 0) != count]
    fail(f"{what}: the cluster's answer differs\n  one process: {missing[:3]}\n  cluster:     {more[:3]}")


def catalogue(runner, cluster, options, inputs):
    """Every catalogue query, in one process and on the cluster."""
    names = sorted(path.stem for path in (ROOT / "queries").glob("*/*.sql") if path.parent.name != "parts")
    if len(names) < 60:
        fail(f"only {len(names)} queries in the catalogue")
    inventory = runner.work / "inventory.csv"
    inventory.write_text("bucket,key,size,last_modified_date\nnone,none,1,2026-01-01T00:00:00Z\n")
    total, alone, together = 0, 0.0, 0.0
    for input in inputs:
        for name in names:
            question = ["query", input, "--name", name, "--format", "ndjson", "--table", f"inventory={inventory}"]
            expected, wall, _ = runner.timed(*question, codes=(0, 3))
            alone += wall
            found, wall, _ = runner.timed(*question, "--cluster", cluster.url, codes=(0, 3))
            together += wall
            expected = rows(expected)
            assert_same_rows(f"{name} over {input}", expected, rows(found))
            total += sum(expected.values())
    if total == 0:
        fail("no query gave a row")
    print(f"  {len(names)} queries over {len(inputs)} inputs: {total} rows, the same; "
          f"{alone:.1f} s alone, {together:.1f} s on the cluster")


def reports(runner, cluster, options, lake):
    """Hunts, timelines, latencies and plain SQL."""
    for arguments in [
        ["hunt", lake, "--format", "json"],
        ["latency", lake, "--format", "json"],
        ["timeline", lake, "--requester", "-", "--format", "json"],
        ["query", lake, "SELECT count(*) AS n, min(log_line) AS m FROM logs", "--format", "ndjson"],
        ["query", lake, "SELECT * FROM rejects", "--format", "ndjson"],
        ["query", lake, "SELECT httpstatus, count(*) AS n FROM athena.s3_access_logs GROUP BY 1", "--format", "ndjson"],
    ]:
        expected = runner.run(*arguments)
        found = runner.run(*arguments, "--cluster", cluster.url)
        if arguments[0] == "query":
            assert_same_rows(arguments[2], rows(expected), rows(found))
        else:
            assert_same_report(arguments[0], expected, found, cluster)
        print(f"  {arguments[0]}: the same")
    page = runner.work / "report.html"
    runner.run("report", lake, "-o", page, "--cluster", cluster.url)
    if page.stat().st_size < 10_000:
        fail("the report is empty")
    print(f"  report: {page.stat().st_size} bytes")


def assert_same_report(what, expected, found, cluster):
    found = found.decode().replace(f" --cluster {cluster.url}", "").encode()
    expected, found = canonical(json.loads(expected)), canonical(json.loads(found))
    if what == "hunt" and found["failed"]:
        fail(f"detections failed on the cluster: {found['failed']}")
    if expected != found:
        one, other = (json.dumps(each, sort_keys=True, indent=1).splitlines() for each in (expected, found))
        differing = [pair for pair in zip(one, other) if pair[0] != pair[1]][:5]
        fail(f"{what}: the cluster's answer differs: {differing}, {len(one)} and {len(other)} lines")


def corpus(runner, options):
    """Logs with damage and with copies of some files under distant names, and their dataset from one process."""
    logs, lake = runner.work / "logs", runner.work / "alone.lake"
    if lake.exists():
        return logs, lake
    runner.run("generate", "--out", logs, "--lines", options.lines, "--files", 48, "--days", 12,
               "--rejects", 7, "--blanks", 5)
    for number, path in enumerate(sorted(path for path in logs.rglob("*") if path.is_file())[::11]):
        shutil.copy(path, logs / f"zz-copy-{number}.gz")
    runs = [runner.timed("ingest", logs, "--to", runner.work / f"alone-{number}", codes=(0, 3))[1:] for number in range(RUNS)]
    (runner.work / "alone-0").rename(lake)
    wall, options.alone = (statistics.median(values) for values in zip(*runs))
    print(f"  corpus of {options.lines} lines; one process: {wall:.2f} s, {options.alone:.2f} s of CPU, medians of {RUNS}")
    return logs, lake


TABLES = {
    "logs": "SELECT * FROM logs ORDER BY log_file, log_line",
    "rejects": "SELECT * FROM rejects ORDER BY log_file, log_line",
    "sources": """SELECT log_file, size, sha256, inflated_size, lines, rows, rejects, blanks, state, problem, first_time,
                         last_time FROM sources ORDER BY log_file""",
}


OBJECTS = TABLES | {"sources": "SELECT * EXCEPT (run_id, ingested_at, saltmine_version) FROM sources ORDER BY url"}


def assert_same_dataset(runner, expected, found, tables=TABLES, verify=True):
    for table, sql in tables.items():
        digests = [hashlib.sha256(runner.run("query", lake, sql, "--format", "csv")).hexdigest() for lake in (expected, found)]
        if digests[0] != digests[1]:
            fail(f"the table {table} of the cluster's ingest differs")
    left = list((found / ".saltmine" / "runs").iterdir())
    if left:
        fail(f"left behind: {left}")
    lying = {str(path.relative_to(found / "logs")) for path in (found / "logs").glob("event_date=*/*.parquet")}
    named = committed(found / "logs")
    if lying != named:
        fail(f"files without a commit, or missing files: {lying ^ named}")
    if verify:
        runner.run("verify", found, codes=(0,))


def committed(table):
    files = set()
    for commit in sorted((table / "_delta_log").glob("*.json")):
        for line in commit.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                files.add(action["add"]["path"])
            if "remove" in action:
                files.discard(action["remove"]["path"])
    return files


def ingest(runner, cluster, options):
    logs, alone = corpus(runner, options)
    totals = []
    for number in range(RUNS):
        lake = runner.work / f"cluster-{number}.lake"
        before = cluster.cpu()
        _, wall, client = runner.timed("ingest", logs, "--to", lake, "--cluster", cluster.url, *options.shards, codes=(0, 3))
        after = cluster.cpu()
        assert_same_dataset(runner, alone, lake)
        costs = {name: after[name] - before[name] for name in after} | {"client": client}
        totals.append(sum(costs.values()))
        print(f"  the same tables; {wall:.2f} s on the cluster, {totals[-1]:.2f} s of CPU: "
              + ", ".join(f"{name} {seconds:.2f}" for name, seconds in costs.items()))
        shares = [costs[executor.name] for executor in cluster.executors]
        if min(shares) < 0.1 * sum(shares):
            fail(f"the work is not distributed: {shares}")
    overhead = 100 * (statistics.median(totals) / options.alone - 1)
    print(f"  CPU: {statistics.median(totals):.2f} s against {options.alone:.2f} s of one process, overhead {overhead:+.1f} %")
    if options.lines >= 1_000_000 and overhead > 10:
        fail(f"overhead of {overhead:.1f} %")
    runner.run("ingest", logs, "--to", lake, "--cluster", cluster.url, *options.shards, codes=(0, 3))
    assert_same_dataset(runner, alone, lake)
    print("  again: nothing new")


def s3(runner, cluster, options, lake):
    """A dataset in S3 and logs in S3, queried and ingested; the server is read-only."""
    logs, _ = corpus(runner, options)
    bucket = runner.work / "bucket"
    for name, folder in {"lake": lake, "attack": ROOT / "samples/attack", "logs": logs}.items():
        shutil.copytree(folder, bucket / name)
    server = served(options.folder_server, bucket, options.s3_port)
    try:
        for place in ["s3://b/lake", "s3://b/attack"]:
            for question in [["SELECT operation, count(*) AS n, sum(bytes_sent) AS s FROM logs GROUP BY 1"],
                             ["--name", "anonymous-success"], ["--name", "public-on-private"]]:
                question = ["query", place, *question, "--format", "ndjson"]
                expected = runner.run(*question, codes=(0, 3))
                assert_same_rows(" ".join(question), rows(expected), rows(runner.run(*question, "--cluster", cluster.url, codes=(0, 3))))
        print("  queries of a dataset and of logs in S3: the same")
        alone, together = runner.work / "s3-alone.lake", runner.work / "s3-cluster.lake"
        runner.run("ingest", "s3://b/logs", "--to", alone, codes=(0, 3))
        runner.run("ingest", "s3://b/logs", "--to", together, "--cluster", cluster.url, *options.shards, codes=(0, 3))
        assert_same_dataset(runner, alone, together, OBJECTS, verify=False)
        runner.run("ingest", "s3://b/logs", "--to", together, "--cluster", cluster.url, *options.shards, codes=(0, 3))
        assert_same_dataset(runner, alone, together, OBJECTS, verify=False)
        print("  logs in S3 ingested, twice: the same tables")
    finally:
        server.kill()
        server.wait()


def busy(cluster, executor, before, seconds, process):
    """Wait until an executor works."""
    for _ in range(6000):
        if executor.cpu() - before >= seconds:
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return False


def kill_ingest(runner, cluster, options):
    logs, alone = corpus(runner, options)
    for number, executor in enumerate(cluster.executors[: options.kills]):
        lake = runner.work / f"killed-{number}.lake"
        before = executor.cpu()
        process = runner.start("ingest", logs, "--to", lake, "--cluster", cluster.url, *options.shards)
        # In the middle: the executor has done a part of its share.
        share = options.alone / len(cluster.executors)
        if not busy(cluster, executor, before, 0.4 * share, process):
            fail(f"{executor.name} did not work, or the ingest was over before it was killed")
        executor.kill()
        at = time.monotonic()
        runner.end(process, (0, 3))
        assert_same_dataset(runner, alone, lake)
        print(f"  {executor.name} killed in the middle of an ingest: the same tables, {time.monotonic() - at:.1f} s later")
        cluster.revive(executor)


def kill_hunt(runner, cluster, options):
    _, lake = corpus(runner, options)
    expected = runner.run("hunt", lake, "--format", "json")
    for number, executor in enumerate(cluster.executors[: options.kills]):
        before = executor.cpu()
        process = runner.start("hunt", lake, "--format", "json", "--cluster", cluster.url)
        if not busy(cluster, executor, before, 0.5, process):
            fail(f"{executor.name} did not work, or the hunt was over before it was killed")
        executor.kill()
        at = time.monotonic()
        found = runner.end(process)
        assert_same_report("hunt", expected, found, cluster)
        print(f"  {executor.name} killed in the middle of a hunt: the same findings, {time.monotonic() - at:.1f} s later")
        cluster.revive(executor)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--saltmine", required=True)
    parser.add_argument("--folder-server", required=True, help="the example of crates/s3")
    parser.add_argument("--lines", type=int, default=60_000)
    parser.add_argument("--only", action="append", choices=STEPS, default=[])
    parser.add_argument("--kills", type=int, default=1, help="executors to kill in each of the last steps, of three")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the test")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="saltmine-cluster-"))
    [options.s3_port] = free_ports(1)
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION="us-east-1", AWS_ALLOW_HTTP="true",
                      AWS_ENDPOINT_URL=f"http://127.0.0.1:{options.s3_port}")
    # Use several shards even with little data.
    options.shards = ["--shard-bytes", str(256 << 10)] if options.lines < 1_000_000 else []
    runner = Runner(os.path.abspath(options.saltmine), work)
    cluster = None
    try:
        cluster = Cluster(runner.saltmine, work)
        lake = work / "samples.lake"
        runner.run("ingest", "samples/logs", "samples/attack", "--to", lake, codes=(0, 3))
        steps = {
            "catalogue": lambda: catalogue(runner, cluster, options, [lake]),
            "raw": lambda: catalogue(runner, cluster, options, ["samples/attack"]),
            "reports": lambda: reports(runner, cluster, options, lake),
            "ingest": lambda: ingest(runner, cluster, options),
            "s3": lambda: s3(runner, cluster, options, lake),
            "kill-ingest": lambda: kill_ingest(runner, cluster, options),
            "kill-hunt": lambda: kill_hunt(runner, cluster, options),
        }
        for name in options.only or STEPS:
            print(f"{name} ...", flush=True)
            steps[name]()
        print("all steps passed")
    finally:
        if cluster is not None:
            cluster.stop()
        if options.keep:
            print(f"files of this run: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)


main()

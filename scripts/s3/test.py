"""S3 as source and target, against moto (an S3 server) behind a proxy that counts requests and injects faults.

usage: test.py SALTMINE FOLDER_SERVER WORK OBJECTS
"""

import json
import logging
import os
import pathlib
import random
import re
import shlex
import resource
import shutil
import subprocess
import sys
import time
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

from proxy import Proxy

SALTMINE, FOLDER_SERVER, WORK, OBJECTS = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), int(sys.argv[4])
# Seconds after which the lock of a dead run may be taken over; 30 unless a test needs less.
LOCK_SECONDS = 4
KILLS = 3
MOST = 64

ENV = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_CONFIG_FILE": "/dev/null",
}
OPTIONS = ["--s3-timeout", "1", "--s3-lock-seconds", str(LOCK_SECONDS)]


def saltmine(*arguments, code=0, env=None, endpoint=None):
    """Run the command; return its standard output and standard error. Code None accepts 0 or 3."""
    env = ENV | {"AWS_ENDPOINT_URL": endpoint or ENDPOINT} | (env or {})
    env = {name: value for name, value in env.items() if value is not None}
    options = [] if arguments[0] == "generate" else OPTIONS
    done = subprocess.run([SALTMINE, *arguments, *options], env=env, capture_output=True, text=True)
    codes = (0, 3) if code is None else (code,)
    assert done.returncode in codes, f"{arguments}: code {done.returncode}, not {code}\n{done.stdout[:2000]}\n{done.stderr}"
    assert "\x1b" not in done.stderr, f"{arguments}: {done.stderr!r}"
    return done.stdout, done.stderr


def rows(source, **options):
    """All rows of the table logs, in order."""
    return saltmine("query", source, "SELECT * FROM logs ORDER BY log_file, log_line", "--format", "csv", **options)[0]


def assert_same_rows(found, details=""):
    assert found == WANTED, f"{found.count(chr(10))} rows instead of {WANTED.count(chr(10))} {details}"


def keys(bucket, prefix=""):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def put(folder, bucket, prefix):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        s3.put_object(Bucket=bucket, Key=prefix + str(path.relative_to(folder)), Body=path.read_bytes())
    return len(files)


def committed(bucket, lake):
    """The files of the table logs according to its Delta log."""
    files = set()
    for key in sorted(keys(bucket, f"{lake}/logs/_delta_log/")):
        if not key.endswith(".json"):
            continue
        for line in s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines():
            action = json.loads(line)
            if "add" in action:
                files.add(action["add"]["path"])
            if "remove" in action:
                files.discard(action["remove"]["path"])
    return sorted(f"{lake}/logs/{file}" for file in files)


def is_tidy(lake):
    """The table's folders hold only committed files, without leftovers of runs."""
    assert keys("lake", f"{lake}/logs/event_date=") == committed("lake", lake), lake
    assert keys("lake", f"{lake}/_saltmine/") == [], keys("lake", f"{lake}/_saltmine/")


def few_in_flight():
    assert 1 <= proxy.most <= MOST, f"{proxy.most} requests in flight"


def test_from_s3_to_s3():
    saltmine("ingest", "s3://logs/pre", "--to", "s3://lake/plain", code=CODE)
    assert_same_rows(rows("s3://lake/plain"))
    assert_same_rows(rows("s3://logs/pre", code=CODE))
    assert rows("s3://logs/pre/*/*/*/**", code=CODE).count("\n") == WANTED.count("\n")
    is_tidy("plain")
    few_in_flight()
    proxy.reset()
    out, _ = saltmine("ingest", "s3://logs/pre", "--to", "s3://lake/plain", "--dry-run")
    assert f" 0  new of {FILES:,} objects; GET requests needed: 0;" in out, out
    _, err = saltmine("ingest", "s3://logs/pre", "--to", "s3://lake/plain")
    assert ": nothing new (all already in the dataset)" in err, err
    assert proxy.count("GET", "logs") == 0, "a second run reads nothing of an unchanged prefix"
    for command in (["query", "--name", "anonymous-success"], ["latency"]):
        name, *options = command
        of_s3, local = [saltmine(name, lake, *options, "--format", "json")[0] for lake in ("s3://lake/plain", str(WORK / "local"))]
        assert of_s3 == local, name
    s3.put_object(Bucket="logs", Key="one/one.log", Body=(WORK / "one.log").read_bytes())
    saltmine("timeline", "s3://logs/one", "--ip", "0.0.0.0/0")
    saltmine("hunt", "s3://logs/one", "--pack", "destruction")
    saltmine("report", "s3://logs/one", "-o", str(WORK / "report.html"))
    shell = subprocess.run([SALTMINE, "shell", "s3://lake/plain", *OPTIONS], input="SELECT count(*) AS n FROM logs;",
                           env=ENV | {"AWS_ENDPOINT_URL": ENDPOINT}, capture_output=True, text=True)
    assert str(WANTED_ROWS) in shell.stdout, shell


def test_between_s3_and_disk():
    lake = str(WORK / "from-s3")
    saltmine("ingest", "s3://logs/pre", "--to", lake, code=CODE)
    assert_same_rows(rows(lake))
    proxy.reset()
    saltmine("ingest", "s3://logs/pre", "--to", lake)
    assert sum(1 for method, _ in proxy.requests if method != "LIST") == 0, proxy.requests
    # The same objects under another prefix are recognised after one read.
    put(WORK / "logs", "logs", "copy/")
    _, err = saltmine("ingest", "s3://logs/copy", "--to", lake)
    assert ": nothing new (all already in the dataset)" in err, err
    proxy.reset()
    saltmine("ingest", "s3://logs/copy", "--to", lake)
    assert proxy.count("GET", "logs") == 0
    assert_same_rows(rows(lake))
    # A changed object is read again.
    key = "copy/" + str(sorted(path.relative_to(WORK / "logs") for path in (WORK / "logs").rglob("*.gz"))[0])
    s3.put_object(Bucket="logs", Key=key, Body=(WORK / "one.log").read_bytes())
    proxy.reset()
    _, err = saltmine("ingest", "s3://logs/copy", "--to", lake)
    assert "1 read" in err and proxy.count("GET", "logs") == 1, err
    saltmine("verify", lake)


def edit_log(lake, edit):
    """Edit the actions in the Delta log of the table logs."""
    for key in keys("lake", f"{lake}/logs/_delta_log/"):
        if key.endswith(".json"):
            actions = [json.loads(line) for line in s3.get_object(Bucket="lake", Key=key)["Body"].read().splitlines()]
            for action in actions:
                edit(action)
            s3.put_object(Bucket="lake", Key=key, Body="".join(json.dumps(action) + "\n" for action in actions))


def test_verify_compares_every_line_of_s3():
    lake = "s3://lake/verified"
    saltmine("ingest", "s3://logs/pre", "--to", lake, code=CODE)
    for dataset, sources in ((lake, "s3://logs/pre"), (lake, str(WORK / "logs")), (str(WORK / "local"), "s3://logs/pre")):
        out, _ = saltmine("verify", dataset, sources)
        assert f"{WANTED_ROWS:,} rows in 32 columns" in out and "\nEvery check passed (" in out, out
    out, _ = saltmine("verify", lake)
    assert "no source was given, so the rows were NOT compared with the logs" in out, out
    few_in_flight()

    # The rows of a day are replaced by another day's, with their true size, hash and statistics.
    first, second = committed("lake", "verified")[:2]
    body = s3.get_object(Bucket="lake", Key=second)["Body"].read()
    adds = {}
    edit_log("verified", lambda action: "add" in action and adds.update({action["add"]["path"]: action["add"]}))
    other = adds[second.removeprefix("verified/logs/")]

    def exchange(action):
        if action.get("add", {}).get("path") == first.removeprefix("verified/logs/"):
            action["add"].update({name: other[name] for name in ("size", "stats", "tags")})

    true = s3.get_object(Bucket="lake", Key=first)["Body"].read()
    s3.put_object(Bucket="lake", Key=first, Body=body)
    edit_log("verified", exchange)
    out, _ = saltmine("verify", lake, "s3://logs/pre", code=1)
    for name in ("rows_are_their_lines", "rows_in_their_partition", "no_line_twice"):
        assert f"FAILED   {name}" in out, out
    assert "line produces a row, but it is missing from the table" in out, out
    s3.put_object(Bucket="lake", Key=first, Body=true)
    own = adds[first.removeprefix("verified/logs/")]
    edit_log("verified", lambda action: action.get("add", {}).get("path") == own["path"] and action["add"].update(own))
    saltmine("verify", lake, "s3://logs/pre")

    # An uncommitted file, a missing file, and sources that changed or were never read.
    s3.put_object(Bucket="lake", Key="verified/logs/event_date=2026-03-01/extra.parquet", Body=body)
    out, _ = saltmine("verify", lake, "s3://logs/pre", code=1)
    assert "FAILED   no_other_files" in out and "1 of " in out, out
    s3.delete_object(Bucket="lake", Key="verified/logs/event_date=2026-03-01/extra.parquet")
    s3.delete_object(Bucket="lake", Key=first)
    out, _ = saltmine("verify", lake, "s3://logs/pre", code=1)
    assert "FAILED   files_present" in out and "FAILED   rows_are_their_lines" in out, out
    s3.put_object(Bucket="lake", Key=first, Body=true)
    key = keys("logs", "pre/")[0]
    source = s3.get_object(Bucket="logs", Key=key)["Body"].read()
    s3.put_object(Bucket="logs", Key=key, Body=(WORK / "one.log").read_bytes())
    out, _ = saltmine("verify", lake, "s3://logs/pre", code=1)
    assert "FAILED   sources_unchanged" in out and "FAILED   sources_all_read" in out, out
    s3.put_object(Bucket="logs", Key=key, Body=source)
    saltmine("verify", lake, "s3://logs/pre")


def test_verify_a_large_dataset():
    """An honest dataset in S3, made of logs in S3; LINES is their number."""
    lines = int(os.environ.get("LINES", "100000"))
    saltmine("generate", "--out", str(WORK / "many-lines"), "--lines", str(lines), "--name-style", "partitioned", "--quiet")
    s3.create_bucket(Bucket="many-lines")
    put(WORK / "many-lines", "many-lines", "")
    shutil.rmtree(WORK / "many-lines")
    seconds = {}
    for name, arguments in (("ingest", ["s3://many-lines", "--to", "s3://lake/many-lines"]),
                            ("verify", ["s3://lake/many-lines", "s3://many-lines"])):
        start = time.monotonic()
        out, _ = saltmine(name, *arguments)
        seconds[name] = time.monotonic() - start
    assert re.search(r"[0-9,]+ rows in 32 columns", out) and "\nEvery check passed (" in out, out
    verified = int(re.search(r"([0-9,]+) rows in 32 columns", out)[1].replace(",", ""))
    assert verified >= lines, out
    print(f"  {verified:,} rows verified in S3 in {seconds['verify']:.1f} s; their ingest took {seconds['ingest']:.1f} s", flush=True)


def test_only_the_time_window_is_listed():
    proxy.reset()
    saltmine("query", "s3://logs/pre", "SELECT count(*) FROM logs", "--since", "2026-03-02", "--until", "2026-03-03",
             code=CODE)
    listed = [path for method, path in proxy.requests if method == "LIST"]
    assert any("2026%2F03%2F02%2F" in path for path in listed), listed
    assert not any("2026%2F03%2F20%2F" in path for path in listed), listed
    lake = str(WORK / "window")
    window = ["--since", "2026-03-02", "--until", "2026-03-03"]
    saltmine("ingest", "s3://logs/pre", *window, "--to", lake, code=None)
    day = "SELECT count(*) FROM logs WHERE request_time >= '2026-03-02' AND request_time < '2026-03-03'"
    assert saltmine("query", lake, day)[0] == saltmine("query", str(WORK / "local"), day)[0]
    out, _ = saltmine("ingest", "s3://logs/pre", "--until", "2020-01-01", "--to", lake, "--dry-run")
    assert " 0 of 0 objects" in out or "0  bytes in 0 files" in out, out


def test_throttled_slow_and_truncated_responses():
    for faults in ({"slow_down": 0.3}, {"stall": 0.04}, {"cut": 0.2}):
        name = "faults-" + next(iter(faults))
        proxy.reset(**faults)
        saltmine("ingest", "s3://logs/pre", "--to", f"s3://lake/{name}", code=CODE)
        assert proxy.faults > 3, f"{proxy.faults} faults of {faults}"
        few_in_flight()
        proxy.reset()
        assert_same_rows(rows(f"s3://lake/{name}"))
        is_tidy(name)


def test_responses_to_writes_are_lost():
    # Writes of the lock, the round's note and the commits.
    proxy.reset(lost=("_saltmine/", "_delta_log/"))
    saltmine("ingest", "s3://logs/pre", "--to", "s3://lake/lost", code=CODE)
    assert proxy.faults > 6, proxy.faults
    proxy.reset()
    assert_same_rows(rows("s3://lake/lost"))
    is_tidy("lost")


def test_a_lock_is_released_late():
    # The lock under which the dataset is created. When its release succeeds, the run holds a newer lock, which must stay.
    proxy.reset(stall=0.04, late=("DELETE", "_saltmine/lock"))
    saltmine("ingest", "s3://logs/pre", "--to", "s3://lake/late", code=CODE)
    assert proxy.late is None
    proxy.reset()
    assert_same_rows(rows("s3://lake/late"))
    is_tidy("late")


def test_commits_are_delayed():
    # Commits of a new table and of its first rows: the retry succeeds before the first request arrives.
    for version in range(2):
        proxy.reset(late=("PUT", f"logs/_delta_log/{version:020}.json"))
        saltmine("ingest", "s3://logs/pre", "--to", f"s3://lake/late-{version}", code=CODE)
        assert proxy.late is None
        proxy.reset()
        assert_same_rows(rows(f"s3://lake/late-{version}"))
        is_tidy(f"late-{version}")


def test_the_server_stops_and_restarts():
    for after in (LISTS + FILES // 2, LISTS + FILES + 35):
        name = f"away-{after}"
        proxy.reset(down_after=after)
        _, err = saltmine("ingest", "s3://logs/pre", "--to", f"s3://lake/{name}", "--s3-retries", "1", code=1)
        assert "error: " in err and "s3://" in err, err
        proxy.reset()
        _, err = saltmine("ingest", "s3://logs/pre", "--to", f"s3://lake/{name}", code=CODE)
        assert_same_rows(rows(f"s3://lake/{name}"), name)
        is_tidy(name)


def test_killed():
    chance = random.Random(7)
    for kill in range(KILLS):
        lake = f"kill-{kill}"
        proxy.reset()
        env = ENV | {"AWS_ENDPOINT_URL": ENDPOINT}
        running = subprocess.Popen([SALTMINE, "ingest", "s3://logs/pre", "--to", f"s3://lake/{lake}", *OPTIONS], env=env,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Somewhere between the first object and the last commit.
        until = chance.randrange(LISTS, LISTS + FILES + 90)
        while len(proxy.requests) < until and running.poll() is None:
            time.sleep(0.001)
        running.kill()
        running.wait()
        saltmine("ingest", "s3://logs/pre", "--to", f"s3://lake/{lake}", code=None)
        assert_same_rows(rows(f"s3://lake/{lake}"), f"killed after {until} requests")
        is_tidy(lake)


def test_two_concurrent_ingests():
    proxy.reset()
    env = ENV | {"AWS_ENDPOINT_URL": ENDPOINT}
    args = [SALTMINE, "ingest", "s3://logs/pre", "--to", "s3://lake/two", *OPTIONS]
    both = [subprocess.Popen(args, env=env, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    messages = [run.communicate()[1] for run in both]
    # The first run reads everything; the other finds it in the dataset.
    assert sorted(run.returncode for run in both) == sorted([CODE, 0]), messages
    assert sum("another run is writing" in text for text in messages) == 1, messages
    assert_same_rows(rows("s3://lake/two"))
    is_tidy("two")


def test_large_objects():
    text = (WORK / "one.log").read_bytes()
    body = text * (20_000_000 // len(text) + 1)
    s3.put_object(Bucket="logs", Key="large/2026-03-01-00-00-00-ABCDEFGHIJKLMNOP", Body=body)
    lines = body.count(b"\n")
    count = "SELECT count(*) AS n FROM logs"
    proxy.reset()
    assert saltmine("query", "s3://logs/large", count)[0].split() == ["n", str(lines)]
    assert proxy.count("GET", "logs") == 3
    saltmine("ingest", "s3://logs/large/2026-03-01-00-00-00-ABCDEFGHIJKLMNOP", "--to", "s3://lake/large")
    assert saltmine("query", "s3://lake/large", count)[0].split() == ["n", str(lines)]


def test_compact():
    saltmine("ingest", str(WORK / "one.log"), "--to", "s3://lake/plain")
    before = saltmine("query", "s3://lake/plain", "SELECT * FROM logs ORDER BY log_file, log_line")[0]
    _, err = saltmine("compact", "s3://lake/plain")
    assert "merged into" in err, err
    assert saltmine("query", "s3://lake/plain", "SELECT * FROM logs ORDER BY log_file, log_line")[0] == before
    is_tidy("plain")


def test_error_messages():
    proxy.reset(deny="/logs/pre/")
    one = "SELECT 1 FROM logs"
    few = ["--s3-retries", "1"]
    for arguments, message, env in (
        (["query", "s3://nothing/here", one], "s3://nothing/here: cannot list: no such bucket", None),
        (["query", "s3://logs/nothing", one], "s3://logs/nothing: no such object", None),
        (["query", "s3://logs/pre", one], "cannot read: access denied (AccessDenied: Access Denied)", None),
        (["ingest", "s3://logs/pre", "--to", str(WORK / "denied")], "cannot read: access denied", None),
        (["query", "s3://lo gs/x", one], "not s3://BUCKET", None),
        (["query", "s3://logs/pre", one, *few], "no response", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}),
        (["query", "s3://logs/pre", one], "AWS_ALLOW_HTTP", {"AWS_ALLOW_HTTP": None}),
        (["query", "s3://logs/pre", one, *few], "no usable credentials",
         {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_METADATA_ENDPOINT": "http://127.0.0.1:1"}),
        (["ingest", str(WORK / "one.log"), "--to", "s3://logs/copy"], "not empty", None),
        (["ingest", str(WORK / "one.log"), "--to", "s3://lake/a//b"], "no dataset can be stored there", None),
        (["verify", "s3://lake/nothing"], "not a saltmine dataset", None),
    ):
        _, err = saltmine(*arguments, code=1, env=env)
        assert message in err and len(err.splitlines()) <= 3, f"{arguments}: {err}"
    assert keys("logs", "copy/_saltmine/") == []


def test_the_readme():
    """The commands of the README with S3 work as described."""
    for bucket in ("my-logs", "my-lake"):
        s3.create_bucket(Bucket=bucket)
    put(WORK / "logs", "my-logs", "prefix/")
    readme = (pathlib.Path(__file__).parent.parent.parent / "crates/s3/README.md").read_text()
    commands = [line for line in readme.splitlines() if line.startswith("saltmine ") and "s3://" in line]
    assert len(commands) == 5, commands
    for command in commands:
        # The logs of the test are from other months.
        arguments = shlex.split(command.replace("2026-05", "2026-03").replace("2026-06", "2026-04"))
        saltmine(*arguments[1:], code=None)


def test_hostile_keys():
    line = (WORK / "one.log").read_bytes().splitlines(keepends=True)[0]
    odd = ["a//b", "/c", "d\x1b[31mred", "e\u202etxt", "f%2Fg+h i?j#k", "o/../p", "é", "q&<r>\"s"]
    for index, key in enumerate(odd):
        s3.put_object(Bucket="odd", Key=key, Body=line.replace(b"\n", b" %d\n" % index))
    s3.put_object(Bucket="odd", Key="folder/", Body=b"")
    count = "SELECT count(*) AS n, count(DISTINCT log_file) AS files FROM logs"
    out, err = saltmine("query", "s3://odd", count, code=3)
    assert out.split() == ["n,files", f"{len(odd) - 1},{len(odd) - 1}"], out
    assert err.count("unreadable") == 1 and "\u202e" not in err, err
    saltmine("ingest", "s3://odd", "--to", "s3://lake/odd", code=3)
    out, _ = saltmine("query", "s3://lake/odd", "SELECT url FROM sources", "--format", "json")
    assert "\x1b" not in out
    assert saltmine("query", "s3://lake/odd", count)[0].split()[1] == f"{len(odd) - 1},{len(odd) - 1}"


def stats(endpoint):
    with urllib.request.urlopen(endpoint + "/-/stats") as answer:
        return json.load(answer)


def served(folder, wait=0):
    """Serves a folder as a bucket; each response takes `wait` milliseconds."""
    server = subprocess.Popen([FOLDER_SERVER, str(folder), "0", str(wait)], stdout=subprocess.PIPE, text=True)
    return server, server.stdout.readline().strip()


def test_at_most_64_requests_in_flight():
    """A slow server never gets more concurrent requests than allowed."""
    logs = WORK / "many"
    saltmine("generate", "--out", str(logs), "--lines", "1500", "--lines-per-file", "5", "--name-style", "partitioned",
             "--days", "3", "--quiet")
    for options, most in (([], MOST), (["--s3-requests", "7"], 7)):
        server, endpoint = served(logs, wait=50)
        try:
            saltmine("query", "s3://many", "SELECT count(*) FROM logs", *options, endpoint=endpoint)
            assert stats(endpoint)["most"] == most, stats(endpoint)
        finally:
            server.kill()
            server.wait()
    shutil.rmtree(logs)


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def beside(logs, endpoint, files, turns):
    """Ingest from disk and from the server in turn, and compare the times."""
    times, cpu = {"disk": [], "s3": []}, {"disk": [], "s3": []}
    for turn in turns:
        for name, source in (("disk", str(logs)), ("s3", "s3://many")):
            start, used = time.monotonic(), cpu_of_children()
            _, err = saltmine("ingest", source, "--to", str(WORK / f"many-{name}-{turn}"), endpoint=endpoint)
            times[name].append(time.monotonic() - start)
            cpu[name].append(cpu_of_children() - used)
            assert f"{files:,} read" in err, err
    disk, bucket = min(times["disk"]), min(times["s3"])
    return f"disk {disk:.2f} s, S3 {bucket:.2f} s, {bucket / disk:.2f} times; of CPU {min(cpu['s3']) / min(cpu['disk']):.2f} times"


def test_many_small_objects():
    """Reading from an in-memory server, compared with the disk."""
    logs = WORK / "many"
    saltmine("generate", "--out", str(logs), "--lines", str(OBJECTS * 5), "--lines-per-file", "5", "--name-style",
             "partitioned", "--days", "30", "--quiet")
    server, endpoint = served(logs)
    try:
        files = sum(1 for path in logs.rglob("*") if path.is_file())
        assert files >= OBJECTS * 0.9, files
        turns = 3  # the best of them counts
        print(f"  {files} objects, with the server on the same cores: " + beside(logs, endpoint, files, range(turns)), flush=True)
        made = stats(endpoint)
        assert made["most"] <= MOST and made["get"] == files * turns, made
        for sql in ("SELECT count(*), sum(bytes_sent), count(DISTINCT request_id) FROM logs",
                    "SELECT count(*), sum(lines), sum(size) FROM sources"):
            answers = [saltmine("query", str(WORK / f"many-{name}-0"), sql, endpoint=endpoint)[0] for name in ("disk", "s3")]
            assert answers[0] == answers[1], answers
        _, err = saltmine("ingest", "s3://many", "--to", str(WORK / "many-s3-0"), endpoint=endpoint)
        assert stats(endpoint)["get"] == made["get"], "a second run reads nothing"
        print(f"  {made['list']} LIST, {made['get']} GET", flush=True)
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            server.kill()
            server.wait()
            os.sched_setaffinity(0, cores[-1:])
            server, endpoint = served(logs)
            os.sched_setaffinity(0, cores[:-1])
            times = beside(logs, endpoint, files, range(turns, 2 * turns))
            os.sched_setaffinity(0, cores)
            print(f"  {files} objects, with the server on a core of its own: " + times, flush=True)
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(logs, ignore_errors=True)


logging.getLogger("werkzeug").setLevel(logging.ERROR)
moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
moto.start()
_, port = moto.get_host_and_port()
s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="test",
                  aws_secret_access_key="test")
for bucket in ("logs", "lake", "odd"):
    s3.create_bucket(Bucket=bucket)
proxy = Proxy(port)
ENDPOINT = proxy.start()

saltmine("generate", "--out", str(WORK / "logs"), "--lines", "6000", "--lines-per-file", "150", "--name-style",
         "partitioned", "--days", "10", "--start", "2026-02-25", "--rejects", "3", "--scenario", "all", "--quiet")
saltmine("generate", "--out", str(WORK / "plain"), "--lines", "200", "--files", "1", "--buckets", "1", "--days", "1",
         "--compress", "none", "--seed", "9", "--quiet")
one = next(path for path in (WORK / "plain").rglob("*") if path.is_file())
shutil.copy(one, WORK / "one.log")
FILES = put(WORK / "logs", "logs", "pre/")
CODE = 3  # a few lines are rejected
# How many LIST requests find the objects.
LISTS = int(re.search(r"LIST requests made: (\d+)", saltmine("ingest", "s3://logs/pre", "--to", str(WORK / "nothing"), "--dry-run")[0])[1])
saltmine("ingest", str(WORK / "logs"), "--to", str(WORK / "local"), code=CODE)
WANTED = rows(str(WORK / "local"))
WANTED_ROWS = int(saltmine("query", str(WORK / "local"), "SELECT count(*) AS n FROM logs")[0].split()[1])
assert WANTED_ROWS > 6000

chosen = os.environ.get("ONLY", "").split()
for name, test in [(name, test) for name, test in globals().items() if name.startswith("test_")]:
    if chosen and name not in chosen:
        continue
    proxy.reset()
    start = time.monotonic()
    test()
    print(f"ok {name.removeprefix('test_').replace('_', ' ')}, {time.monotonic() - start:.1f} s", flush=True)
moto.stop()

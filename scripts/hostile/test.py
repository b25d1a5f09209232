"""Memory and time of each command on hostile log files. See scripts/test-hostile."""

import argparse
import gzip
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_KB = 600_000
# Queries over millions of rows use memory up to their limit, by default 70 % of the machine's. This is the limit for the test.
MEMORY = ["--memory-limit", "256m"]

FIELDS = (
    '0wner vault [02/May/2026:10:00:00 +0000] 198.51.100.7 - 7QK3EXAMPLE REST.GET.OBJECT k "GET /k HTTP/1.1" '
    '200 - 5 99 12 11 "-" "agent" - host SigV4 C AuthHeader h TLSv1.3 - - -\n'
)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def record(day=2, month="May", year=2026, time="10:00:00", ip="198.51.100.7", requester="-", key="k", agent="agent",
           request="7QK3EXAMPLE", operation="REST.GET.OBJECT"):
    return (
        f'0wner vault [{day:02}/{month}/{year}:{time} +0000] {ip} {requester} {request} {operation} {key} '
        f'"GET /{key} HTTP/1.1" 200 - 5 99 12 11 "-" "{agent}" - host SigV4 C AuthHeader h TLSv1.3 - - -\n'
    ).encode()


def repeated(path, member, times):
    """A gzip file of `times` members, each of which decompresses to the bytes `member`."""
    packed = gzip.compress(member, 6)
    with open(path, "wb") as file:
        for _ in range(times):
            file.write(packed)


class Counts:
    def __init__(self, lines, rows=0, rejects=0, blanks=0):
        self.expected = f"{lines},{rows},{rejects},{blanks}"


def one_line(path, gigabytes):
    repeated(path, b"x" * 100_000_000, 10 * gigabytes)
    return Counts(1, rejects=1)


def rows(path, gigabytes):
    repeated(path, FIELDS.encode() * 500_000, 10 * gigabytes)
    return Counts(5_000_000 * gigabytes, rows=5_000_000 * gigabytes)


def rejects(path, gigabytes):
    repeated(path, b"x\n" * 1_000_000, 2 * gigabytes)
    return Counts(2_000_000 * gigabytes, rejects=2_000_000 * gigabytes)


def long_rejects(path, gigabytes):
    repeated(path, (b"x" * 1_000_000 + b"\n") * 100, 10 * gigabytes)
    return Counts(1_000 * gigabytes, rejects=1_000 * gigabytes)


def invalid_utf8(path, gigabytes):
    repeated(path, b"\xff\n" * 500_000, 2 * gigabytes)
    return Counts(1_000_000 * gigabytes, rejects=1_000_000 * gigabytes)


def blanks(path, gigabytes):
    repeated(path, b"\n" * 50_000_000, 2 * gigabytes)
    return Counts(100_000_000 * gigabytes, blanks=100_000_000 * gigabytes)


def days(path, _):
    with gzip.open(path, "wb", 6) as file:
        for n in range(20_000):
            year = 2006 + n // 336 % 90
            file.write(record(day=1 + n % 28, month=MONTHS[n // 28 % 12], year=year))
    return Counts(20_000, rows=20_000)


def principals(path, _):
    """Every line has a different principal, address, key, agent and request."""
    random.seed(7)
    with gzip.open(path, "wb", 6) as file:
        for n in range(300_000):
            ip = f"198.18.{n // 256 % 256}.{n % 256}"
            user = f"arn:aws:iam::111122223333:user/u{n:07}"
            clock = f"{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}"
            file.write(record(time=clock, ip=ip, requester=user, key=f"k/{random.random()}", agent=f"a/{n}",
                              request=f"{n:016X}"))
    return Counts(300_000, rows=300_000)


def long_values(path, gigabytes):
    """Distinct user agents of a megabyte each."""
    with gzip.open(path, "wb", 1) as file:
        for n in range(400 * gigabytes):
            file.write(record(agent=f"{n:08}" + "b" * 1_000_000))
    return Counts(400 * gigabytes, rows=400 * gigabytes)


def dashes(path, _):
    """Words that are slow to redact if each is scanned to the end of its run."""
    with gzip.open(path, "wb", 6) as file:
        for n in range(20):
            file.write(record(agent="a-" * 400_000 + str(n)))
    return Counts(20, rows=20)


CASES = [one_line, rows, rejects, long_rejects, invalid_utf8, blanks, days, principals, long_values, dashes]


class Machine:
    def __init__(self, saltmine, work):
        self.saltmine, self.work, self.failures = saltmine, work, []

    def run(self, *arguments, codes=(0, 3)):
        """Peak memory in kB, seconds, and standard output; records a failure if the exit code differs."""
        out, err = self.work / "out", self.work / "err"
        begin = time.monotonic()
        with open(out, "wb") as stdout, open(err, "wb") as stderr:
            process = subprocess.Popen([self.saltmine, "--quiet", *map(str, arguments)], stdout=stdout, stderr=stderr,
                                       stdin=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        code = os.waitstatus_to_exitcode(status)
        if code not in codes:
            self.failures.append(f"{' '.join(map(str, arguments))}: code {code}: {err.read_bytes()[:1000].decode(errors='replace')}")
        with open(out, "rb") as file:
            return usage.ru_maxrss, seconds, file.read(1_000_000).decode(errors="replace")


def commands(logs, lake, work):
    # Some commands treat an empty answer as an error: they exit with code 1 if the file holds no records.
    yield "ingest", ["ingest", "--keep-going", logs, "--to", lake], (0, 3)
    yield "logs", ["query", logs, "SELECT count(*), count(DISTINCT requester), min(user_agent) FROM logs", *MEMORY], (0, 1, 3)
    yield "rejects", ["query", logs, "SELECT count(*), max(length(raw)) FROM rejects", *MEMORY], (0, 1, 3)
    yield "sources", ["query", logs, "SELECT sum(lines) FROM sources", *MEMORY], (0, 1, 3)
    yield "verify", ["verify", lake, logs], (0, 3)
    yield "hunt", ["hunt", lake, "-o", work / "hunt.json", "--format", "json", *MEMORY], (0, 1, 3)
    yield "report", ["report", lake, "-o", work / "report.html", *MEMORY], (0, 1, 3)
    yield "timeline", ["timeline", lake, "--ip", "0.0.0.0/0", "-o", work / "timeline.json", "--format", "json", *MEMORY], (0, 1, 3)
    yield "redact", ["query", lake, "--redact", "all", "SELECT * FROM logs", "-o", work / "redacted.ndjson", *MEMORY], (0, 1, 3)
    yield "dedup", ["compact", lake, "--dedup"], (0, 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--saltmine", required=True)
    parser.add_argument("gigabytes", nargs="?", type=int, default=1)
    parser.add_argument("cases", nargs="*", help="cases to run; all by default")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="saltmine-hostile-"))
    machine = Machine(options.saltmine, work)
    print(f"peak memory in MB (seconds); limit {LIMIT_KB // 1000} MB, with {' '.join(MEMORY)}")
    try:
        heading = None
        for case in CASES:
            name = case.__name__.replace("_", "-")
            if options.cases and name not in options.cases:
                continue
            logs, lake = work / "logs", work / "lake"
            logs.mkdir()
            counts = case(logs / "file.gz", options.gigabytes)
            cells = []
            for command, arguments, codes in commands(logs, lake, work):
                memory, seconds, _ = machine.run(*arguments, codes=codes)
                cells.append((command, f"{memory / 1000:.0f} ({seconds:.0f})"))
                if memory > LIMIT_KB:
                    machine.failures.append(f"{name}: {command} took {memory} kB")
                if command == "ingest":
                    _, _, counted = machine.run("query", lake, "--format", "csv",
                                                "SELECT lines, rows, rejects, blanks FROM sources")
                    if counted.split("\n")[1:2] != [counts.expected]:
                        machine.failures.append(f"{name}: {counted!r} counted, not {counts.expected}")
            if heading is None:
                heading = ["file", "bytes", *(command for command, _ in cells)]
                print("| " + " | ".join(heading) + " |\n|" + "---|" * len(heading))
            size = (logs / "file.gz").stat().st_size
            print("| " + " | ".join([name, str(size), *(cell for _, cell in cells)]) + " |", flush=True)
            shutil.rmtree(logs)
            shutil.rmtree(lake, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for failure in machine.failures:
        print("FAILED:", failure, file=sys.stderr)
    if machine.failures:
        sys.exit(1)
    print(f"every line accounted for, every command below {LIMIT_KB // 1000} MB")


main()

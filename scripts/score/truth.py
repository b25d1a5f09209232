"""Scenarios with their truth, and the records of their attacks.

`truth.json` maps names to what is true of each: `kind` is attack or benign; an attack has `principal` (text that the
requester contains), `address` (what its source IPs begin with), `first` and `last`. Where it has `lines` (runs of line
numbers by log file), they are its records; else those of the principal at the addresses in that time are.
"""

import gzip
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

LINE = re.compile(
    r"\S+ (?P<bucket>\S+) \[(?P<time>[^\]]+)\] (?P<ip>\S+) "
    r"(?P<requester>arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity \S+|\S+) \S+ (?P<operation>\S+) "
)


class Record(NamedTuple):
    """A record, as far as a score needs it. Times are seconds since 1970; an anonymous requester is None."""

    bucket: str
    time: float
    ip: str | None
    requester: str | None
    operation: str


def seconds(text):
    """Seconds since 1970 of ISO 8601 in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def principal(requester):
    """Like saltmine's function principal(): the role, user or person, independent of the session."""
    if requester is None:
        return "anonymous"
    role = re.fullmatch(r"arn:[^:]+:sts::(\d+):assumed-role/([^/]+)/(.+)", requester)
    if not role:
        return requester
    account, name, session = role.groups()
    if name.startswith("AWSReservedSSO_") or "@" in session:
        return f"{account}:person/{session}"
    return f"{account}:role/{name}"


class Scenario:
    """A scenario of a set: its folder of logs and its truth."""

    def __init__(self, folder, name, truth):
        self.name = name
        self.truth = truth
        self.logs = folder / name / "logs" if (folder / name / "logs").is_dir() else folder / name
        self.is_attack = truth["kind"] == "attack"
        self.attack = self._records("lines") if self.is_attack else set()
        self.effects = self._records("effect_lines") if truth.get("effect_lines") else set()

    def _lines(self, log_file):
        path = self.logs / log_file
        opened = gzip.open(path, "rt", errors="replace") if path.suffix == ".gz" else open(path, errors="replace")
        with opened as lines:
            yield from lines

    def _records(self, member):
        runs = self.truth.get(member)
        if runs is None:
            return self._records_by_name()
        lines = set()
        for log_file, texts in runs.items():
            wanted = set()
            for text in texts:
                first, _, last = text.partition("-")
                wanted.update(range(int(first), int(last or first) + 1))
            lines.update(line for number, line in enumerate(self._lines(log_file), 1) if number in wanted)
        # A record that was delivered twice is a repeated line.
        return [parsed(line) for line in sorted(lines)]

    def _records_by_name(self):
        first, last = seconds(self.truth["first"]), seconds(self.truth["last"])
        lines = set()
        for path in sorted(self.logs.rglob("*")):
            if path.is_file():
                lines.update(self._lines(path.relative_to(self.logs)))
        records = (parsed(line) for line in sorted(lines))
        return [
            record
            for record in records
            if record
            and first <= record.time <= last
            and self.truth["principal"] in (record.requester or "anonymous")
            and (record.ip or "").startswith(self.truth["address"])
        ]


def parsed(line):
    """The record of a line, or None if the line is not a record."""
    match = LINE.match(line)
    if not match:
        return None
    time = datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z").astimezone(timezone.utc).timestamp()
    some = {name: None if match[name] == "-" else match[name] for name in ("ip", "requester")}
    return Record(match["bucket"], time, some["ip"], some["requester"], match["operation"])


def scenarios(folder, names=()):
    """The scenarios of a folder: all, or the named ones."""
    folder = Path(folder)
    truths = json.loads((folder / "truth.json").read_text())
    unknown = [name for name in names if name not in truths]
    if unknown:
        raise SystemExit(f"score-hunt: no scenario {', '.join(unknown)} in {folder / 'truth.json'}")
    return [Scenario(folder, name, truth) for name, truth in truths.items() if not names or name in names]

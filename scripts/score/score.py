"""Hunts through scenarios and scores the findings against their truth. See scripts/score-hunt."""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import incidents
import sweep
from incidents import IncidentScore
from truth import principal, scenarios, seconds

SEVERE = ("critical", "high")
HOUR = 3600
MOST_MEDIUM = 20
LEAST_COVERED = 0.9


def saltmine(binary, *arguments):
    """Runs the command; returns its JSON."""
    done = subprocess.run([binary, "--quiet", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"score-hunt: {' '.join(arguments)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def hunt(options, scenario, queries=None, kind="", names=()):
    """Findings of a scenario, as in `hunt_result`."""
    return hunt_result(options, scenario, queries, kind, names)["findings"]


def hunt_result(options, scenario, queries=None, kind="", names=()):
    """Findings of a scenario, of all or the named detections, with all rows of the severe ones, and its incidents. Saved in
    a folder if one is given."""
    queries = queries or options.queries
    saved = options.hunts and Path(options.hunts) / kind / f"{scenario.name}.json"
    if saved and saved.exists():
        return json.loads(saved.read_text())
    more = ["--queries", queries] if queries else []
    named = [word for name in names for word in ("--name", name)]
    result = saltmine(options.saltmine, "hunt", str(scenario.logs), "--format", "json", *more, *named)
    result = {"findings": result["findings"], "incidents": result["incidents"]}
    findings = result["findings"]
    for finding in findings:
        if finding["severity"] in SEVERE and finding["rows"] > len(finding["who"]):
            name = finding["query"]
            rows = saltmine(
                options.saltmine, "query", str(scenario.logs), "--name", name, "--format", "json", "--max-rows", "0", *more
            )
            own = [row for row in rows if row.get("severity", finding["severity"]) == finding["severity"]]
            finding["who"] = [as_who(row) for row in own]
    if saved:
        saved.parent.mkdir(parents=True, exist_ok=True)
        saved.write_text(json.dumps(result))
    return result


def as_who(row):
    """A row of a query in the form of a hunt's output."""
    standard = ("requester", "remote_ip", "addresses", "remote_ips", "bucket", "events", "first_seen", "last_seen")
    who = {name: row.get(name) for name in standard}
    return who | {"columns": {"principal": row.get("principal")}}


def is_covered(record, who):
    """Whether a row of a finding is about a record: its requester or principal, its source IP if the row names all of
    them, its bucket, and a time between the row's first and last."""
    named = {who.get("requester"), (who.get("columns") or {}).get("principal")} - {None}
    if named and not named & {record.requester, principal(record.requester)}:
        return False
    if who.get("bucket") is not None and who["bucket"] != record.bucket:
        return False
    addresses = who.get("remote_ips") or []
    if who.get("remote_ip"):
        if who["remote_ip"] != record.ip:
            return False
    elif addresses and len(addresses) == who.get("addresses"):
        if record.ip not in addresses:
            return False
    elif not named and record.requester is not None:
        return False
    return who["first_seen"] is not None and seconds(who["first_seen"]) <= record.time <= seconds(who["last_seen"])


class Score:
    """The score of a scenario's findings."""

    def __init__(self, scenario, findings):
        self.scenario = scenario
        self.medium = sum(finding["rows"] for finding in findings if finding["severity"] == "medium")
        severe = [(finding, who) for finding in findings if finding["severity"] in SEVERE for who in finding["who"]]
        about = [row for row in severe if any(is_covered(record, row[1]) for record in scenario.attack)]
        near = [row for row in severe if row not in about and any(is_covered(record, row[1]) for record in scenario.effects)]
        self.queries = sorted({finding["query"] for finding, _ in about})
        self.severity = next((word for word in SEVERE if any(f["severity"] == word for f, _ in about)), None)
        rows = [who for _, who in about]
        covered = sum(any(is_covered(record, who) for who in rows) for record in scenario.attack)
        self.covered = covered / len(scenario.attack) if scenario.attack else 0.0
        self.begin = self.end = None
        if rows:
            first, last = seconds(scenario.truth["first"]), seconds(scenario.truth["last"])
            self.begin = min(seconds(who["first_seen"]) for who in rows) - first
            self.end = max(seconds(who["last_seen"]) for who in rows) - last
        self.other = [row for row in severe if row not in about and row not in near]

    def faults(self):
        """The faults in words; empty if the hunt is correct."""
        found = []
        if self.scenario.is_attack:
            if not self.severity:
                found.append("not seen")
            else:
                if self.covered < LEAST_COVERED:
                    found.append(f"{self.covered:.0%} covered")
                if abs(self.begin) > HOUR:
                    found.append("begin")
                if abs(self.end) > HOUR:
                    found.append("end")
        elif self.medium > MOST_MEDIUM:
            found.append(f"{self.medium} medium")
        if self.other:
            names = sorted({f"{finding['severity']} {finding['query']}" for finding, _ in self.other})
            found.append(f"{len(self.other)} severe about something else: {', '.join(names)}")
        return found

    def cells(self):
        """The row of the table."""
        offset = lambda value: "–" if value is None else f"{value / HOUR:+.1f} h"
        attack = self.scenario.is_attack
        return [
            self.scenario.name,
            self.scenario.truth["kind"],
            (self.severity or "not seen") if attack else "–",
            ", ".join(self.queries) or "–",
            f"{self.covered:.0%}" if attack else "–",
            offset(self.begin),
            offset(self.end),
            str(len(self.other)),
            str(self.medium),
            "; ".join(self.faults()) or "right",
        ]


HEAD = ["scenario", "kind", "seen", "by", "covered", "begin", "end", "other severe", "medium", "verdict"]


def table(head, scores, markdown):
    """The scores as text or as Markdown."""
    rows = [head, *(score.cells() for score in scores)]
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def run(options):
    """Scores all scenarios; returns the number that failed."""
    chosen = scenarios(options.folder, options.only)
    with ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda scenario: hunt_result(options, scenario), chosen)
        results = dict(zip((scenario.name for scenario in chosen), results))
    found = {name: result["findings"] for name, result in results.items()}
    scores = [Score(scenario, found[scenario.name]) for scenario in chosen]
    if options.sweep:
        changes = sweep.sweep(options, chosen, found, hunt, Score)
        print(sweep.table(options.catalogue, list(changes), options.markdown))
        return 0
    print(table(HEAD, scores, options.markdown))
    wrong = [score for score in scores if score.faults()]
    print(f"\n{len(scores) - len(wrong)} of {len(scores)} right")
    if options.incidents:
        of_incidents = [IncidentScore(scenario, results[scenario.name]["incidents"]) for scenario in chosen]
        print("\n" + table(incidents.HEAD, of_incidents, options.markdown))
        right = sum(not score.faults() for score in of_incidents)
        print(f"\n{right} of {len(of_incidents)} right in incidents")
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(prog="score-hunt")
    parser.add_argument("folder", help="scenarios: NAME/logs or NAME, and truth.json")
    parser.add_argument("--saltmine", required=True, help="the binary")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="score this scenario; repeatable")
    parser.add_argument("--hunts", metavar="DIR", help="keep findings here, and take those that are here")
    parser.add_argument("--queries", metavar="DIR", help="queries of your own, as in saltmine hunt")
    parser.add_argument("--sweep", action="store_true", help="halve and double each threshold in turn")
    parser.add_argument("--catalogue", default="queries", metavar="DIR", help="the catalogue, for --sweep")
    parser.add_argument("--incidents", action="store_true", help="score the incidents too")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="hunts at once")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()
    sys.exit(1 if run(options) else 0)


if __name__ == "__main__":
    main()

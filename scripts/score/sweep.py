"""Halves and doubles each threshold of the detections, and prints which scores depend on it. See scripts/score-hunt --sweep.

A finding comes of one query, so one hunt can have another threshold in each: the findings of a query under its own changed
threshold are put in place of those it gave before, and all else stays.
"""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PARAMETER = re.compile(r"^-- parameter: (\w+) (integer|float|interval) (\S+(?: \w+)?)( — .*)$", re.MULTILINE)
FACTORS = (("halved", 0.5), ("doubled", 2.0))


def thresholds(text):
    """The parameters of a query that can be halved and doubled: name, type, default."""
    return [(match[1], match[2], match[3]) for match in PARAMETER.finditer(text) if changed(match[2], match[3], 0.5)]


def changed(kind, default, factor):
    """A default times a factor, in the same form; None if that is meaningless or the default is not a number."""
    number, _, unit = default.partition(" ")
    try:
        value = float(number)
    except ValueError:
        return None
    if value <= 0:
        return None
    # A share must not exceed one.
    wanted = min(value * factor, 1.0) if kind == "float" and value <= 1 else value * factor
    if kind != "float":
        wanted = round(wanted) if wanted >= 1 else 1
    if wanted == value:
        return None
    return f"{wanted:g}" + (f" {unit}" if unit else "") if kind != "integer" else str(int(wanted))


def with_other(text, name, kind, default, factor):
    """The query with another default."""
    other = changed(kind, default, factor)
    old = f"-- parameter: {name} {kind} {default}"
    return text.replace(old, f"-- parameter: {name} {kind} {other}", 1) if other else None


def detections(folder):
    """Texts of the detections, by path in the catalogue."""
    texts = {path.relative_to(folder): path.read_text() for path in sorted(Path(folder).glob("*/*.sql"))}
    return {path: text for path, text in texts.items() if re.search(r"^-- kind: detection$", text, re.MULTILINE)}


def rounds(folder):
    """The changes of each round of hunts: a list of (path, name, default, other, word, text of the query)."""
    found = {}
    for path, text in detections(folder).items():
        for at, (name, kind, default) in enumerate(thresholds(text)):
            for word, factor in FACTORS:
                other = with_other(text, name, kind, default, factor)
                if other:
                    change = (path, name, default, changed(kind, default, factor), word, other)
                    found.setdefault((at, word), []).append(change)
    return [found[key] for key in sorted(found)]


def sweep(options, chosen, before, hunt, score):
    """Hunts with changed thresholds; yields (query, parameter, default, other, scenario, verdicts before and after)."""
    for number, changes in enumerate(rounds(options.catalogue)):
        with tempfile.TemporaryDirectory() as folder:
            for path, *_, text in changes:
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            with ThreadPoolExecutor(options.jobs) as pool:
                names = [path.stem for path, *_ in changes]
                found = list(pool.map(lambda scenario: hunt(options, scenario, folder, f"round-{number}", names), chosen))
            for scenario, findings in zip(chosen, found):
                for path, name, default, other, _, _ in changes:
                    query = path.stem
                    mixed = [found for found in before[scenario.name] if found["query"] != query]
                    mixed += [found for found in findings if found["query"] == query]
                    was, now = score(scenario, before[scenario.name]), score(scenario, mixed)
                    if was.faults() != now.faults() or was.severity != now.severity:
                        yield query, name, default, other, scenario.name, verdict(was), verdict(now)


def verdict(score):
    """Severity and faults in short."""
    return f"{score.severity or 'nothing severe'}, {'; '.join(score.faults()) or 'right'}"


def table(folder, changes, markdown):
    """All thresholds, with the effect of halving and doubling each."""
    found = {}
    for query, name, _, other, scenario, was, now in changes:
        found.setdefault((query, name, other), []).append(f"{scenario}: {was} → {now}")
    rows = [["detection", "parameter", "default", "changed to", "scores that change"]]
    for path, text in detections(folder).items():
        for name, kind, default in thresholds(text):
            for _, factor in FACTORS:
                other = changed(kind, default, factor)
                if other:
                    effect = "<br>".join(found.get((path.stem, name, other), ["none"]))
                    rows.append([path.stem, name, default, other, effect])
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
    return "\n".join("  ".join(row) for row in rows)

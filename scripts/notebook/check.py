"""Runs the notebook in a kernel without saltmine, and compares its answers with the command's and with the true values."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat

saltmine, lake, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])

SUSPECT = "requester = 'arn:aws:iam::111122223333:user/m.keller'"
NIGHT = f"{SUSPECT} AND remote_ip = '198.51.100.201'"
READS = f"{NIGHT} AND operation = 'REST.GET.OBJECT'"
OTHERS = "operation = 'REST.GET.OBJECT' AND http_status = 200 AND remote_ip <> '198.51.100.201'"
HOUR = "date_trunc('hour', request_time)"
PREFIX = "split_part(object_key(key, operation), '/', 1) || '/' || split_part(object_key(key, operation), '/', 2) || '/'"


def ask(sql):
    """Rows of an answer of the command."""
    done = subprocess.run([saltmine, "query", lake, sql, "--format", "json"], check=True, capture_output=True)
    return json.loads(done.stdout)


def one(sql):
    (row,) = ask(sql)
    return list(row.values())


def expected():
    """The expected answers, from the command."""
    answers = {}
    (answers["rows"],) = one("SELECT count(*) FROM logs")
    (answers["rejects"],) = one("SELECT count(*) FROM rejects")
    (answers["files"],) = one("SELECT count(*) FROM sources")
    (answers["hours"],) = one(f"SELECT count(DISTINCT {HOUR}) FROM logs")
    answers["worst_hour"], answers["worst_hour_bytes"] = one(
        f"SELECT {HOUR} AS hour, sum(bytes_sent) AS b FROM logs GROUP BY 1 ORDER BY b DESC NULLS LAST LIMIT 1"
    )
    answers["suspect"], answers["address"], answers["bucket"], _ = one(
        "SELECT requester, remote_ip, bucket, sum(bytes_sent) AS b FROM logs "
        f"WHERE {HOUR} = TIMESTAMP '{answers['worst_hour']}' GROUP BY 1, 2, 3 ORDER BY b DESC NULLS LAST LIMIT 1"
    )
    heat = ask(
        "SELECT (date_part('dow', request_time) + 6) % 7 AS day, date_part('hour', request_time) AS hour, "
        "count(*) AS n FROM logs GROUP BY 1, 2"
    )
    grid = {(cell["day"], cell["hour"]): cell["n"] for cell in heat}
    answers["heat"] = [" ".join(str(grid.get((day, hour), 0)) for hour in range(24)) for day in range(7)]
    usual = f"FROM logs WHERE {SUSPECT} AND remote_ip <> '198.51.100.201'"
    answers["usual_addresses"] = [row["remote_ip"] for row in ask(f"SELECT DISTINCT remote_ip {usual}")]
    (answers["usual_bytes"],) = one(f"SELECT sum(bytes_sent) {usual}")
    (everything,) = one(f"SELECT sum(bytes_sent) FROM logs WHERE {NIGHT}")
    answers["times_the_usual"] = everything // answers["usual_bytes"]
    answers["first"], answers["last"], answers["requests"], answers["failed"] = one(
        f"SELECT min(request_time), max(request_time), count(*), count(*) FILTER (WHERE http_status >= 400) "
        f"FROM logs WHERE {NIGHT}"
    )
    (answers["listings"],) = one(f"SELECT count(*) FROM logs WHERE {NIGHT} AND operation = 'REST.GET.BUCKET'")
    answers["reads"], answers["objects"], answers["bytes"] = one(
        f"SELECT count(*), count(DISTINCT key), sum(bytes_sent) FROM logs WHERE {READS}"
    )
    (answers["whole_objects"],) = one(
        "SELECT count(*) FROM (SELECT key, sum(bytes_sent) AS sent, max(object_size) AS size FROM logs "
        f"WHERE {READS} GROUP BY 1) WHERE sent >= size"
    )
    prefixes = ask(f"SELECT {PREFIX} AS p, count(DISTINCT key) AS n, sum(bytes_sent) AS b FROM logs WHERE {READS} GROUP BY 1")
    answers["prefixes"] = {row["p"]: [row["n"], row["b"]] for row in prefixes}
    answers["median_milliseconds"] = [
        one(f"SELECT median(CAST(total_time AS DOUBLE)) FROM logs WHERE {rows}")[0] for rows in (READS, OTHERS)
    ]
    answers["names_at_the_address"], answers["buckets_of_the_address"] = one(
        "SELECT count(DISTINCT coalesce(requester, '-')), count(DISTINCT bucket) FROM logs "
        "WHERE remote_ip = '198.51.100.201'"
    )
    return answers


def found():
    """The final output of the notebook, and its pictures."""
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "the committed notebook has outputs"
    os.environ["SALTMINE_LAKE"] = lake
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute(cwd=str(Path(lake).parent))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    complaints = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert not complaints, complaints
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 4, f"{len(pictures)} pictures"
    if len(sys.argv) > 4:
        nbformat.write(notebook, sys.argv[4])
    return json.loads(outputs[-1].text)


assert importlib.util.find_spec("saltmine") is None, "the notebook must do without saltmine"
answers, wanted = found(), expected()
for name in sorted(answers.keys() | wanted.keys()):
    if answers.get(name) != wanted.get(name):
        sys.exit(f"{name}: the notebook says {answers.get(name)}, saltmine says {wanted.get(name)}")

scenarios = json.loads(Path("samples/expected/attack/scenarios.json").read_text())
(truth,) = [scenario for scenario in scenarios if scenario["scenario"] == "night-exfiltration"]
story = (answers["suspect"], answers["address"], answers["bucket"], answers["first"], answers["last"], answers["requests"])
told = (*truth["principals"], *truth["addresses"], *truth["buckets"], truth["from"], truth["to"], truth["rows"])
if story != told:
    sys.exit(f"the notebook found {story}, and the generator made {told}")
print(f"the notebook's {len(answers)} answers match those of saltmine query, and its attack is the generated one")

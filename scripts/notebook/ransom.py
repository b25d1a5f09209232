"""The expected answers of samples/notebook-ransom.ipynb."""

import csv

PICTURES = 2
SCENARIO = "ransom-copy"

ROLE = "111122223333:role/backup-operator"
SUSPECT = "requester = 'arn:aws:sts::111122223333:assumed-role/backup-operator/sess-4471'"
HERE = "bucket = 'halite-reports'"
LEDGER = f"{HERE} AND object_key(key, operation) LIKE 'ledger/2026/%'"
READ = "operation IN ('REST.GET.OBJECT', 'REST.HEAD.OBJECT')"
BEGIN = "TIMESTAMP '2026-03-06T03:02:00Z'"
COPIES = "operation = 'REST.COPY.OBJECT' AND http_status = 200"
SETTINGS = "'REST.PUT.VERSIONING', 'REST.PUT.LIFECYCLE', 'REST.DELETE.LIFECYCLE', 'REST.PUT.OBJECT_LOCK_CONFIGURATION', " \
    "'REST.PUT.REPLICATION', 'REST.DELETE.REPLICATION', 'REST.PUT.ENCRYPTION', 'REST.DELETE.ENCRYPTION', " \
    "'REST.PUT.BUCKETPOLICY', 'REST.DELETE.BUCKETPOLICY'"
TRACES = [
    f"{READ} AND http_status < 300 AND version_id IS NOT NULL",
    "operation = 'S3.CREATE.DELETEMARKER'",
    "operation = 'S3.EXPIRE.OBJECT' AND version_id IS NOT NULL",
    "operation LIKE '%DELETE%' AND version_id IS NOT NULL",
    f"operation IN ({SETTINGS}) AND http_status < 300",
]


def expected(saltmine, folder):
    """The answers of the notebook, from the command: its detections, its incident and its SQL."""
    ask, one = saltmine.ask, saltmine.one
    (storm,) = saltmine.named("overwrite-storm")
    (unreadable,) = saltmine.named("unreadable-after-overwrite")
    (incident,) = [incident for incident in saltmine.run("hunt", "--format", "json")["incidents"] if ROLE in str(incident)]
    (actor,), losses, failing = incident["actors"], incident["losses"], incident["failing"]
    lost = saltmine.run("export", "--incident", str(incident["number"]), "--what", "destroyed", "--format", "json")
    compare_recovery(folder / "recovery.csv", lost, saltmine)

    answers = {}
    (answers["rows"],) = one("SELECT count(*) FROM logs")
    (answers["rejects"],) = one("SELECT count(*) FROM rejects")
    (answers["files"],) = one("SELECT count(*) FROM sources")
    (answers["bucket"],), (answers["reader"],) = incident["buckets"], failing["principals"]
    answers["failing"] = [400, *failing["error_codes"], failing["objects"]]
    answers["failing_first"], answers["failing_last"] = failing["first_seen"], failing["last_seen"]
    notes = saltmine.named("ransom-note")
    answers["notes"] = [
        ask(
            "SELECT bucket, object_key(key, operation) AS object, request_time FROM logs "
            f"WHERE lower(object_key(key, operation)) LIKE '%/{note['name']}'"
        )[0]
        for note in notes
    ]
    answers["notes"] = [list(note.values()) for note in answers["notes"]]
    answers["example"] = one(
        f"SELECT min(object_key(key, operation)), count(*) FROM logs WHERE {LEDGER} AND key LIKE '%account-00000%'"
    )
    (answers["suspect"],), (answers["address"],) = actor["requesters"], actor["remote_ips"]
    answers["blamed_objects"] = unreadable["keys"]
    answers["first"], answers["last"], answers["requests"] = actor["first_seen"], actor["last_seen"], actor["requests"]
    answers["names_and_addresses"] = one(
        "SELECT count(DISTINCT coalesce(principal(requester), 'anonymous')), count(DISTINCT remote_ip) FROM logs "
        f"WHERE remote_ip = '{answers['address']}' OR requester LIKE '%role/backup-operator/%'"
    )
    answers["hours_of_silence"] = int(incident["last_seen_note"].split()[2])
    answers["overwritten"] = losses["overwritten_objects"]
    answers["overwritten_bytes"] = sum(row["object_size"] for row in lost if row["what"] == "overwritten")
    answers["how"] = {"copied onto itself": storm["by_copy"]}
    answers["states"] = {
        "cannot be read": storm["keys_unreadable"],
        "nobody has tried since": storm["keys_rewritten"] - storm["keys_unreadable"] - storm["keys_readable"],
    }
    answers["traces"] = [
        one(
            f"SELECT count(*) FILTER (WHERE request_time < {BEGIN}), count(*) FILTER (WHERE request_time >= {BEGIN}), "
            f"count(*) FILTER (WHERE {LEDGER}) FROM logs WHERE {HERE} AND {trace}"
        )
        for trace in TRACES
    ]
    answers["versions_removed"] = losses["deleted_versions"]
    answers["downloads"], answers["downloaded_bytes"] = losses["taken_objects"], losses["taken_bytes"]
    (copied,) = [deed["objects"] for deed in incident["deeds"] if deed["kind"] == "copied"]
    answers["copy_sources"], answers["copied_away"] = copied, losses["copied_out_objects"]
    (answers["listings"],) = one(f"SELECT count(*) FROM logs WHERE {SUSPECT} AND operation LIKE 'REST.GET.BUCKET%'")
    answers["readers"] = [
        list(row.values())
        for row in ask(
            "SELECT principal(requester) AS p, remote_ip, count(DISTINCT key) AS n, sum(bytes_sent) AS b FROM logs "
            f"WHERE {LEDGER} AND operation = 'REST.GET.OBJECT' AND http_status < 300 GROUP BY 1, 2"
        )
    ]
    answers["pattern"] = [
        [row["p"], row["bucket"], "copied onto itself", row["n"]]
        for row in ask(
            "SELECT principal(d.requester) AS p, d.bucket, count(DISTINCT d.key) AS n FROM logs d JOIN logs s "
            "ON s.bucket = d.bucket AND s.request_id = d.request_id AND s.key = d.key AND s.operation = 'REST.COPY.OBJECT_GET' "
            "WHERE d.operation = 'REST.COPY.OBJECT' AND d.http_status = 200 GROUP BY 1, 2"
        )
    ]
    return answers


def compare_recovery(path, lost, saltmine):
    """Compares the recovery list of the notebook with that of the incident, and with the catalogue's."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    listed = [(row["bucket"], row["object"], int(row["size"]), row["overwritten_at"], row["overwritten_by"]) for row in rows]
    overwritten = [row for row in lost if row["what"] == "overwritten"]
    exported = [
        (row["bucket"], row["object_key"], row["object_size"], row["first_time"], row["requester"]) for row in overwritten
    ]
    assert listed == exported, "the recovery list differs from saltmine export"

    known = saltmine.named("last-known-good", "-p", "incident_at=2026-03-06T03:00:00Z", "-p", "who=%backup-operator%")
    good = {row["name"]: (row["last_read"], row["last_write"]) for row in known}
    for row in rows:
        before = (row["last_good_read"] or None, row["last_write_before"] or None)
        assert good[row["object"]] == before, f"{row['object']}: {before} in the list, {good[row['object']]} in last-known-good"


def story(answers):
    """What the notebook found, to compare with what the generator wrote: the attack, and the reads that failed afterwards."""
    return {
        "principals": [answers["suspect"], "arn:aws:sts::111122223333:assumed-role/ledger-sync/i-0aa11bb22cc33dd44"],
        "addresses": sorted([answers["address"], *(reader[1] for reader in answers["readers"])]),
        "buckets": [answers["bucket"]],
        "from": answers["first"],
        "to": answers["failing_last"],
        "rows": answers["requests"] + answers["failing"][2],
    }

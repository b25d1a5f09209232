"""The expected answers of samples/notebook.ipynb."""

PICTURES = 4
SCENARIO = "night-exfiltration"

SUSPECT = "requester = 'arn:aws:iam::111122223333:user/m.keller'"
NIGHT = f"{SUSPECT} AND remote_ip = '198.51.100.201'"
READS = f"{NIGHT} AND operation = 'REST.GET.OBJECT'"
OTHERS = "operation = 'REST.GET.OBJECT' AND http_status = 200 AND remote_ip <> '198.51.100.201'"
HOUR = "date_trunc('hour', request_time)"
PREFIX = "split_part(object_key(key, operation), '/', 1) || '/' || split_part(object_key(key, operation), '/', 2) || '/'"


def expected(saltmine, _folder):
    """The answers of the notebook, from the command."""
    ask, one = saltmine.ask, saltmine.one
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


def story(answers):
    """What the notebook found, to compare with what the generator wrote."""
    return {
        "principals": [answers["suspect"]],
        "addresses": [answers["address"]],
        "buckets": [answers["bucket"]],
        "from": answers["first"],
        "to": answers["last"],
        "rows": answers["requests"],
    }

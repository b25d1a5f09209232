# %% [markdown]
# # The spreadsheets that no longer open
#
# On Friday morning a job starts to fail: S3 answers its reads with status 400, although nothing about the job has changed. A
# colleague remembers a file with an odd name in the same bucket. This notebook starts from these two signs and ends with the
# list of objects to restore. Each step has a question, the code that answers it, and what the answer means. To use it on a
# case of your own, change the path below and run it from the top.
#
# It needs Polars, DuckDB, pandas, pyarrow and matplotlib, but **not saltmine**: a dataset is plain Parquet. saltmine only
# creates the dataset:
#
# ```
# saltmine ingest samples/attack --to attack.lake
# ```
#
# All times are UTC. All data is invented: see `samples/README.md`.

# %%
import json
import os
import re
from pathlib import Path
from urllib.parse import unquote_plus

import duckdb
import matplotlib.pyplot as plt
import pandas as pd
import polars as pl
from matplotlib.dates import DateFormatter, DayLocator, MinuteLocator

LAKE = Path(os.environ.get("SALTMINE_LAKE", "attack.lake"))

plt.rcParams.update({
    "figure.dpi": 80,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "font.size": 10,
})
pl.Config(fmt_str_lengths=80, tbl_cols=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True)
GREY, BLUE, RED, ORANGE = "#8c8c8c", "#2a6fbb", "#c8322b", "#d98a00"
STAMP = "%Y-%m-%dT%H:%M:%SZ"
answers = {}

# %% [markdown]
# ## 1. Is the log complete?
#
# Two columns make the rest easier. `object` is the name of the object: S3 logs keys percent-encoded twice, and once in the
# rows that it writes on its own behalf. `principal` is the requester without the session, because a role has a new session
# name every time it is assumed.


# %%
def object_name(row):
    """The name of the object in a row of the log."""
    key = row["key"]
    if key is None:
        return None
    once = unquote_plus(key)
    return once if row["operation"].startswith(("S3.", "BATCH.")) else unquote_plus(once)


logs = pl.read_parquet(LAKE / "logs" / "*" / "*.parquet").with_columns(
    object=pl.struct("key", "operation").map_elements(object_name, return_dtype=pl.String),
    principal=pl.col("requester")
    .str.replace(r"^arn:aws[^:]*:sts::(\d+):assumed-role/([^/]+)/.*$", "${1}:role/${2}")
    .fill_null("anonymous"),
)
sources = pd.read_parquet(LAKE / "sources", dtype_backend="pyarrow")
rejects = pd.read_parquet(LAKE / "rejects", dtype_backend="pyarrow")

db = duckdb.connect()
db.sql("SET TimeZone = 'UTC'")
db.register("logs", logs)

answers["rows"], answers["rejects"], answers["files"] = len(logs), len(rejects), len(sources)
begin, end = logs["request_time"].min(), logs["request_time"].max()
assert sources["lines"].sum() == len(logs) + len(rejects) + sources["blanks"].sum()
print(f"{len(logs):,} requests and {len(rejects)} unreadable lines in {len(sources)} files, {begin:%a %d %b %H:%M} to {end:%a %d %b %Y %H:%M}")
print("files by state:", sources["state"].value_counts().to_dict())

# %% [markdown]
# Every line of every file is accounted for, so an answer of zero further down means that S3 delivered no such record. It
# does not prove that nothing happened: S3 delivers these logs on a best-effort basis.
#
# ## 2. What fails now that worked before?
#
# A failed read alone says little. A failed read of an object that the *same log* shows being read successfully says that
# something happened in between.

# %%
failing = db.sql(
    """
    WITH good AS (
        SELECT bucket, object, min(request_time) AS since FROM logs
        WHERE operation IN ('REST.GET.OBJECT', 'REST.HEAD.OBJECT') AND http_status BETWEEN 200 AND 299 GROUP BY ALL
    )
    SELECT l.bucket, l.principal, l.http_status, l.error_code, count(DISTINCT l.object) AS objects,
           min(l.request_time) AS first, max(l.request_time) AS last
    FROM logs l JOIN good USING (bucket, object)
    WHERE l.operation IN ('REST.GET.OBJECT', 'REST.HEAD.OBJECT') AND l.http_status >= 400 AND l.request_time > good.since
    GROUP BY ALL ORDER BY objects DESC, first, l.principal
    """
).pl()
sign = failing.row(0, named=True)
bucket, reader = sign["bucket"], sign["principal"]
answers["bucket"], answers["reader"] = bucket, reader
answers["failing"] = [sign["http_status"], sign["error_code"], sign["objects"]]
answers["failing_first"], answers["failing_last"] = sign["first"].strftime(STAMP), sign["last"].strftime(STAMP)
failing

# %% [markdown]
# Forty objects in one bucket, all with `400 InvalidRequest`. A missing permission would be 403 and a missing object 404. A
# plain read gets 400 when the object is encrypted with a key that the client has to send with each request (SSE-C), and
# the reader does not send it. With a KMS key, the error code would begin with `KMS.`.
#
# ## 3. Where is the note, and who left it?
#
# Notes have telling names. Look at small text files whose names speak of decryption, ransom or recovery.

# %%
TELLING = re.compile(r"ransom|decrypt|encrypted|how.?to.?(get|recover|restore)|(recover|restore).?your|your.?(data|files)", re.IGNORECASE)
WRITES = ("REST.PUT.OBJECT", "REST.COPY.OBJECT", "REST.POST.OBJECT", "REST.POST.UPLOAD")
is_ok = pl.col("http_status").is_between(200, 299)
is_write = pl.col("operation").is_in(WRITES) & is_ok

notes = logs.filter(
    is_write,
    pl.col("object").str.contains(r"(?i)\.(txt|html?|md|rtf|url|hta)$"),
    pl.col("object").map_elements(lambda name: bool(TELLING.search(name.rsplit("/", 1)[-1])), return_dtype=pl.Boolean),
    pl.col("object_size").fill_null(0) < 256 * 1024,
).select("request_time", "bucket", "object", "object_size", "requester", "remote_ip").sort("request_time")
note = notes.row(0, named=True)
answers["notes"] = [[row["bucket"], row["object"], row["request_time"].strftime(STAMP)] for row in notes.iter_rows(named=True)]
notes

# %% [markdown]
# One note, in the bucket whose objects fail, four and a half hours before the first failure was noticed. Do not open it on
# a machine that matters, and do not delete it: it is evidence.
#
# ## 4. What happened to one of the objects?
#
# Before counting, follow a single object through the log. Its rows often show the whole incident.

# %%
failed = logs.filter(
    pl.col("bucket") == bucket, pl.col("http_status") == sign["http_status"], pl.col("operation") == "REST.GET.OBJECT"
)
broken = failed.group_by("object").agg(failed_first=pl.col("request_time").min()).sort("object")
example = broken["object"][0]
life = logs.filter(pl.col("bucket") == bucket, pl.col("object") == example).sort("request_time", "log_file", "log_line")
answers["example"] = [example, len(life)]
life.select("request_time", "principal", "remote_ip", "operation", "http_status", "bytes_sent", "object_size")

# %% [markdown]
# Read successfully on Wednesday; on Friday at 03:02 copied *onto itself* by another role (one request, which S3 logs in two
# rows: `REST.COPY.OBJECT_GET` is the source, `REST.COPY.OBJECT` the destination); since then the reader fails. Copying an
# object onto itself changes its encryption or metadata without moving a byte out of S3, which is why it is so quick.
#
# ## 5. Who wrote to all of them?
#
# For each object that fails, take the last successful write before its first failure.

# %%
db.register("broken", broken)
writers = db.sql(
    """
    WITH last_write AS (
        SELECT l.requester, l.remote_ip, l.operation, l.object, l.request_time, b.failed_first
        FROM broken b JOIN logs l ON l.object = b.object AND l.bucket = $bucket AND l.request_time <= b.failed_first
        WHERE l.operation IN ('REST.PUT.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.OBJECT', 'REST.POST.UPLOAD')
          AND l.http_status BETWEEN 200 AND 299
        QUALIFY row_number() OVER (PARTITION BY l.object ORDER BY l.request_time DESC) = 1
    )
    SELECT requester, remote_ip, operation, count(*) AS objects, min(request_time) AS first, max(request_time) AS last
    FROM last_write GROUP BY ALL ORDER BY objects DESC, requester
    """,
    params={"bucket": bucket},
).pl()
suspect, address = writers.select("requester", "remote_ip").row(0)
answers["suspect"], answers["address"], answers["blamed_objects"] = suspect, address, int(writers["objects"][0])
assert (note["requester"], note["remote_ip"]) == (suspect, address)
writers

# %% [markdown]
# One session of one role, from one address, wrote to all forty, and it also wrote the note.
#
# ## 6. Since when has it been there, and is it still there?
#
# Look for the role in any session, and for the address under any name, in every bucket.

# %%
role = logs.filter(pl.col("requester") == suspect)["principal"][0]
presence = (
    logs.filter((pl.col("principal") == role) | (pl.col("remote_ip") == address))
    .group_by("principal", "remote_ip", "bucket", "operation", "http_status")
    .agg(requests=pl.len(), first=pl.col("request_time").min(), last=pl.col("request_time").max())
    .sort("first", "operation")
)
deeds = logs.filter(pl.col("requester") == suspect, pl.col("remote_ip") == address)
first, last = deeds["request_time"].min(), deeds["request_time"].max()
answers["first"], answers["last"], answers["requests"] = first.strftime(STAMP), last.strftime(STAMP), len(deeds)
answers["names_and_addresses"] = [presence["principal"].n_unique(), presence["remote_ip"].n_unique()]
answers["hours_of_silence"] = int((end - last).total_seconds() // 3600)
print(f"{len(deeds)} requests in {last - first}, the last one {answers['hours_of_silence']} hours before the log ends")
presence

# %% [markdown]
# The role and the address appear on Friday at 03:02:00 and never before, and are gone 25 minutes later. The first request is
# already an overwrite: no exploration, no listing, no error. The attacker knew the names beforehand. The log
# has nothing from either of them in the 44 hours after, but the credentials may still be valid.
#
# ## 7. What was overwritten?
#
# The forty failures are only the objects that somebody tried to read. The full list is every object that the suspect wrote
# and that existed before. There are two ways to hold objects to ransom by writing over them, and the log tells them apart:
#
# - **copied onto itself**: the source row of the copy has the same request id and the same key
# - **downloaded, then overwritten**: the suspect read the object first, then uploaded another in its place
#
# The second one also means that the suspect has the data.

# %%
db.register("deeds", deeds)
overwritten = db.sql(
    """
    WITH writes AS (
        SELECT bucket, object, min(key) AS key, min(request_time) AS overwritten_at, max(request_time) AS last_write, max(object_size) AS size
        FROM deeds
        WHERE operation IN ('REST.PUT.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.OBJECT', 'REST.POST.UPLOAD')
          AND http_status BETWEEN 200 AND 299
        GROUP BY bucket, object
    ),
    self_copies AS (
        SELECT DISTINCT d.bucket, d.object FROM deeds d JOIN deeds s USING (bucket, request_id, object)
        WHERE d.operation = 'REST.COPY.OBJECT' AND s.operation = 'REST.COPY.OBJECT_GET'
    )
    SELECT w.bucket, w.object, w.key, w.overwritten_at, w.size,
           bool_or(c.object IS NOT NULL) AS is_self_copy,
           bool_or(l.requester = $suspect AND l.operation = 'REST.GET.OBJECT' AND l.http_status < 300 AND l.request_time <= w.overwritten_at) AS is_downloaded,
           max(l.request_time) FILTER (l.operation = 'REST.GET.OBJECT' AND l.http_status < 300 AND l.request_time < w.overwritten_at) AS last_good_read,
           max(l.request_time) FILTER (l.operation IN ('REST.PUT.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.OBJECT', 'REST.POST.UPLOAD')
                                       AND l.http_status < 300 AND l.request_time < w.overwritten_at) AS last_write_before,
           min(l.request_time) FILTER (l.operation = 'REST.GET.OBJECT' AND l.http_status >= 400 AND l.request_time > w.last_write) AS first_failed_read,
           max(l.request_time) FILTER (l.operation = 'REST.GET.OBJECT' AND l.http_status < 300 AND l.request_time > w.last_write) AS good_read_since,
           count(*) FILTER (l.operation LIKE '%DELETE%' AND l.version_id IS NOT NULL
                            OR l.operation = 'S3.EXPIRE.OBJECT') AS versions_removed
    FROM writes w JOIN logs l USING (bucket, object) LEFT JOIN self_copies c USING (bucket, object)
    GROUP BY ALL
    HAVING is_self_copy OR is_downloaded OR last_good_read IS NOT NULL OR last_write_before IS NOT NULL
    ORDER BY w.overwritten_at, w.object
    """,
    params={"suspect": suspect},
).pl().with_columns(
    how=pl.when("is_downloaded").then(pl.lit("downloaded, then overwritten"))
    .when("is_self_copy").then(pl.lit("copied onto itself"))
    .otherwise(pl.lit("overwritten")),
    state=pl.when(pl.col("good_read_since").is_not_null()).then(pl.lit("read again since"))
    .when(pl.col("first_failed_read").is_not_null()).then(pl.lit("cannot be read"))
    .otherwise(pl.lit("nobody has tried since")),
    prefix=pl.col("object").str.extract(r"^((?:[^/]*/){0,2})"),
)
answers["overwritten"] = len(overwritten)
answers["overwritten_bytes"] = int(overwritten["size"].sum())
answers["how"] = dict(overwritten["how"].value_counts().sort("how").iter_rows())
answers["states"] = dict(overwritten["state"].value_counts().sort("state").iter_rows())
overwritten.group_by("bucket", "prefix", "how", "state").agg(
    objects=pl.len(), bytes=pl.col("size").sum(), first=pl.col("overwritten_at").min(), last=pl.col("overwritten_at").max()
).sort("objects", descending=True)

# %% [markdown]
# All 120 objects below `ledger/2026/` were overwritten, three times as many as the failures suggest. Eighty have not been
# read since: treat them as lost until a read proves otherwise. In the picture, each object is a line: reads in blue, the
# overwrite in red, failed reads in orange.

# %%
names = {name: at for at, name in enumerate(sorted(overwritten["object"]))}
rows = logs.filter(pl.col("bucket") == bucket, pl.col("object").is_in(list(names)), pl.col("operation") != "REST.COPY.OBJECT_GET")
layers = (
    ("read successfully", BLUE, rows.filter(pl.col("operation") == "REST.GET.OBJECT", is_ok)),
    ("overwritten", RED, rows.filter(pl.col("operation").is_in(WRITES))),
    ("cannot be read", ORANGE, rows.filter(pl.col("operation") == "REST.GET.OBJECT", ~is_ok)),
)
figure, (week, night) = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True, layout="constrained", width_ratios=(3, 2))
for axes in (week, night):
    for label, colour, layer in layers:
        axes.scatter(layer["request_time"], [names[name] for name in layer["object"]], s=5, color=colour, label=label)
week.set(title="The objects over the week", ylabel="object", xlim=(begin, end))
week.xaxis.set_major_locator(DayLocator())
week.xaxis.set_major_formatter(DateFormatter("%a %d"))
week.legend(frameon=False, loc="upper left", markerscale=2.5)
night.set(title=f"{first:%a %d %b}, {first:%H:%M} to {last:%H:%M}", xlim=(first - pd.Timedelta("3min"), last + pd.Timedelta("4min")))
night.xaxis.set_major_locator(MinuteLocator(byminute=range(0, 60, 10)))
night.xaxis.set_major_formatter(DateFormatter("%H:%M"))
night.axvline(note["request_time"], color=GREY, linewidth=1)
night.annotate("note", (note["request_time"], 4), xytext=(5, 0), textcoords="offset points", color=GREY)
plt.show()

# %% [markdown]
# The night is a straight line: one object every twelve seconds, in alphabetical order. That is a script.
#
# ## 8. Are there earlier versions to restore?
#
# In a bucket with versioning, an overwrite leaves the previous version in place. The log does not say whether versioning is
# on, and it does not have the version ids that a write creates. It has traces, though: requests that name a version, delete
# markers, changes of the settings, and versions that were removed.

# %%
SETTINGS = r"^REST\.(PUT|DELETE)\.(VERSIONING|LIFECYCLE|OBJECT_LOCK_CONFIGURATION|REPLICATION|ENCRYPTION|BUCKETPOLICY)$"
is_removal = pl.col("operation").str.contains("DELETE") & pl.col("version_id").is_not_null()
traces = {
    "reads of a version by its id that succeeded": pl.col("operation").is_in(["REST.GET.OBJECT", "REST.HEAD.OBJECT"]) & pl.col("version_id").is_not_null() & is_ok,
    "delete markers made by a lifecycle rule": pl.col("operation") == "S3.CREATE.DELETEMARKER",
    "versions removed for good by a lifecycle rule": (pl.col("operation") == "S3.EXPIRE.OBJECT") & pl.col("version_id").is_not_null(),
    "versions removed for good by a request": is_removal,
    "changes of versioning, lifecycle, lock or policy": pl.col("operation").str.contains(SETTINGS) & is_ok,
}
here = logs.filter(pl.col("bucket") == bucket)
found = pl.DataFrame([
    {
        "trace": trace,
        "before": here.filter(is_trace, pl.col("request_time") < first).height,
        "since": here.filter(is_trace, pl.col("request_time") >= first).height,
        "of the overwritten objects": here.filter(is_trace, pl.col("object").is_in(list(names))).height,
    }
    for trace, is_trace in traces.items()
])
answers["traces"] = [list(row) for row in found.select("before", "since", "of the overwritten objects").iter_rows()]
answers["versions_removed"] = int(overwritten["versions_removed"].sum())
found

# %% [markdown]
# Good news, with a deadline.
#
# - Versions of objects in this bucket were read by id before the attack and after it, so the bucket keeps versions. Nobody
#   changed its settings within these seven days, and nobody removed a version of the 120 objects. **They can probably be
#   restored.** Only `list-object-versions` can confirm it, because versioning can also be suspended.
# - A lifecycle rule removes old versions in this bucket for good. Since Friday, 03:02, the good versions of the ledger are *old
#   versions*, and the rule counts their days. **Switch the rule off at once.**
#
# ## 9. Was data taken as well?
#
# Extortionists often steal the data first and threaten to publish it. Three questions: how much did the suspect download? Did a
# copy go to another bucket? Who else read these objects?

# %%
downloads = deeds.filter(pl.col("operation") == "REST.GET.OBJECT", is_ok)
copy_sources = deeds.filter(pl.col("operation").is_in(["REST.COPY.OBJECT_GET", "REST.COPY.PART_GET"]))
in_place = deeds.filter(pl.col("operation").is_in(["REST.COPY.OBJECT", "REST.COPY.PART"])).select("bucket", "request_id", "object")
copied_away = copy_sources.join(in_place, on=["bucket", "request_id", "object"], how="anti")
answers["downloads"], answers["downloaded_bytes"] = len(downloads), int(downloads["bytes_sent"].sum() or 0)
answers["copy_sources"], answers["copied_away"] = len(copy_sources), len(copied_away)
answers["listings"] = deeds.filter(pl.col("operation").str.contains(r"^REST\.GET\.BUCKET(VERSIONS)?$")).height
readers = (
    logs.filter(pl.col("bucket") == bucket, pl.col("object").is_in(list(names)), pl.col("operation") == "REST.GET.OBJECT", is_ok)
    .group_by("principal", "remote_ip")
    .agg(
        objects=pl.col("object").n_unique(),
        bytes=pl.col("bytes_sent").sum(),
        days=pl.col("request_time").dt.date().n_unique(),
        first=pl.col("request_time").min(),
        last=pl.col("request_time").max(),
    )
    .sort("bytes", "principal", descending=[True, False])
)
answers["readers"] = [[row["principal"], row["remote_ip"], row["objects"], row["bytes"]] for row in readers.iter_rows(named=True)]
print(f"the suspect: {len(downloads)} downloads, {len(copy_sources)} objects copied, {len(copied_away)} of them to another place, {answers['listings']} listings")
readers

# %%
is_suspect = (pl.col("requester") == suspect).fill_null(False)
is_of_these = pl.col("object").is_in(list(names)).fill_null(False) & is_ok
hourly = here.group_by(pl.col("request_time").dt.truncate("1h").alias("hour")).agg(
    suspect=pl.col("bytes_sent").filter(is_suspect).sum() / 1e6,
    readers=pl.col("bytes_sent").filter(~is_suspect & is_of_these).sum() / 1e6,
    total=pl.col("bytes_sent").sum() / 1e6,
).sort("hour")
figure, axes = plt.subplots(figsize=(10, 2.8), layout="constrained")
width = pd.Timedelta("1h")
axes.bar(hourly["hour"], hourly["total"], width=width, align="edge", color=BLUE, label="all other answers")
axes.bar(hourly["hour"], hourly["readers"], width=width, align="edge", color=ORANGE, label=f"reads of the {len(names)} overwritten objects")
axes.bar(hourly["hour"], hourly["suspect"], width=width, align="edge", color=RED, label="the suspect")
axes.axvline(first, color=RED, linewidth=1)
axes.annotate(f"the attack: {hourly['suspect'].sum() * 1e3:.0f} kB", (first, hourly["total"].max()), xytext=(6, 0), textcoords="offset points", va="top", color=RED)
axes.set(title=f"Megabytes per hour sent from {bucket}", xlim=(begin, end))
axes.xaxis.set_major_locator(DayLocator())
axes.xaxis.set_major_formatter(DateFormatter("%a %d %b"))
axes.legend(frameon=False, loc="upper left")
plt.show()

# %% [markdown]
# The suspect downloaded nothing; all it received is S3's short answers to the copies. All 120 copies went onto their source: a copy
# to another bucket would leave a source row without a destination row here. So the log shows **no theft by this role**.
#
# One thing remains to be asked. The only reader of these objects is the job that later failed. It read all 120 on one day,
# Wednesday, from the internal address that it also used on Friday. If that run was planned, it is the last proof that the
# content was good. If nobody planned it, those twelve megabytes were taken, too, and the job's role belongs to the case. The log
# cannot decide this; the owner of the job can. Reads before the log begins are not visible either.
#
# ## 10. Did it happen anywhere else?
#
# Search all buckets for the same pattern under other names: objects copied onto themselves, and objects downloaded and then
# overwritten by the same principal.

# %%
elsewhere = db.sql(
    """
    WITH self_copies AS (
        SELECT d.principal, d.bucket, d.object, 'copied onto itself' AS how, d.request_time
        FROM logs d JOIN logs s USING (bucket, request_id, object)
        WHERE d.operation = 'REST.COPY.OBJECT' AND s.operation = 'REST.COPY.OBJECT_GET' AND d.http_status BETWEEN 200 AND 299
    ),
    replaced AS (
        SELECT w.principal, w.bucket, w.object, 'downloaded, then overwritten' AS how, w.request_time
        FROM logs w JOIN logs r ON r.bucket = w.bucket AND r.object = w.object AND r.principal = w.principal
        WHERE w.operation IN ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.POST.UPLOAD') AND w.http_status BETWEEN 200 AND 299
          AND r.operation = 'REST.GET.OBJECT' AND r.http_status BETWEEN 200 AND 299
          AND r.request_time BETWEEN w.request_time - INTERVAL 1 DAY AND w.request_time
    )
    SELECT principal, bucket, how, count(DISTINCT object) AS objects, min(request_time) AS first, max(request_time) AS last
    FROM (FROM self_copies UNION ALL FROM replaced) GROUP BY ALL ORDER BY objects DESC, principal, bucket
    """
).pl()
answers["pattern"] = [[row["principal"], row["bucket"], row["how"], row["objects"]] for row in elsewhere.iter_rows(named=True)]
elsewhere

# %% [markdown]
# Only here, and only by this role. (Other attacks in these logs delete objects or let them expire. That is another pattern
# and another case.)
#
# ## 11. The recovery list
#
# One line for each object, for whoever restores: the version to look for is the newest one from before `overwritten_at`. Its
# size should be `size`, because a copy keeps the size. Object names come from clients: cells that a spreadsheet would take for
# a formula get a leading apostrophe, and `key_in_log` has the key as S3 logged it.

# %%
def inert(text):
    """The text, with an apostrophe in front if a spreadsheet would run it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


recovery = overwritten.select(
    "bucket",
    pl.col("object").map_elements(inert, return_dtype=pl.String),
    "size",
    "how",
    pl.col("overwritten_at", "last_good_read", "last_write_before", "first_failed_read").dt.strftime(STAMP),
    "state",
    "versions_removed",
    pl.lit(suspect).alias("overwritten_by"),
    pl.col("key").map_elements(inert, return_dtype=pl.String).alias("key_in_log"),
)
recovery.write_csv("recovery.csv")
recovery.head(5).drop("overwritten_by", "key_in_log")

# %% [markdown]
# `last_write_before` is empty: the objects were written before the log begins, so their good versions are older than that.
#
# ## 12. What the log cannot tell, and where to find it
#
# CloudTrail has the answers only if data events were switched on for this bucket before the attack. Management events, such as
# `AssumeRole`, are there by default for 90 days.
#
# | question | CloudTrail |
# |---|---|
# | Which encryption, whose key? | `CopyObject`: `additionalEventData.SSEApplied` (`SSE_C` is a customer key), `requestParameters.x-amz-server-side-encryption-customer-algorithm`. The key itself is recorded nowhere; AWS cannot recover it |
# | A KMS key instead? | `requestParameters.x-amz-server-side-encryption-aws-kms-key-id`: look at the account in its ARN |
# | Which access key signed the requests? | `userIdentity.accessKeyId` |
# | Who assumed the role, from where? | `AssumeRole`: `userIdentity`, `sourceIPAddress`, with the same key id in `responseElements.credentials.accessKeyId` |
# | Where did each copy go? | `CopyObject`: `requestParameters.x-amz-copy-source` and `bucketName` |
# | Which version did the attack create? | `responseElements.x-amz-version-id`, which tells it apart from the good one |
# | How did they know the names? | `ListObjects` by others in the weeks before; `GetBucketInventoryConfiguration`; reads of inventory reports |
# | Were other services used? | all events with that `accessKeyId` |
#
# To check a single object without CloudTrail: `aws s3api head-object`. Status 400 points to SSE-C.
#
# ## 13. What to do first
#
# 1. **Stop the writer.** Deny everything to the role `backup-operator`, including sessions that already exist
#    (`aws:TokenIssueTime`), and find out who can assume it.
# 2. **Keep the old versions.** Save the bucket's lifecycle configuration to a file, then remove it from the bucket. It deletes old
#    versions, and they are all that is left.
# 3. **Confirm.** `aws s3api list-object-versions --bucket halite-reports --prefix ledger/2026/`: each of the 120 objects should
#    have a version from before 2026-03-06T03:02:00Z.
# 4. **Restore one, read it, then restore all**: copy the good version over the damaged one, driven by `recovery.csv`. Keep the
#    damaged versions and the note as evidence.
# 5. **Close the door.** Deny uploads with customer keys (`s3:x-amz-server-side-encryption-customer-algorithm`) to everybody who
#    does not need them.
# 6. **Ask** the owner of `ledger-sync` about Wednesday's run.
#
# ## 14. The same with saltmine
#
# saltmine finds this incident without being asked, and its Python package lists the same objects:
#
# ```python
# import polars, saltmine
#
# for incident in saltmine.incidents("attack.lake"):
#     print(incident["number"], incident["title"], incident["headline"])
#
# lost = saltmine.export("attack.lake", incident=1, what="destroyed")    # the number of the incident, as printed above
# polars.DataFrame(lost).write_csv("recovery.csv")
# ```
#
# The same on the command line: `saltmine hunt attack.lake`, then `saltmine export attack.lake --incident 1 --what destroyed`.
#
# The numbers of this case, for the ticket:

# %%
print("{" + ",\n ".join(f"{json.dumps(name)}: {json.dumps(answer)}" for name, answer in answers.items()) + "}")

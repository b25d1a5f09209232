# %% [markdown]
# # Sixteen gigabytes at two in the morning
#
# An alarm says that data transfer costs more than usual. Nothing else is known yet, and one of the buckets holds confidential
# data. This notebook starts from that alarm and ends with the list of what was taken. Each step has a question, the code that
# answers it, and what the answer means. To use it on a case of your own, change the path below and run it from the top.
#
# It needs pandas, pyarrow, Polars, DuckDB and matplotlib, but **not saltmine**: a dataset is plain Parquet. saltmine only
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
from pathlib import Path
from urllib.parse import unquote_plus

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
from matplotlib.colors import LogNorm
from matplotlib.dates import DateFormatter, DayLocator

LAKE = Path(os.environ.get("SALTMINE_LAKE", "attack.lake"))

plt.rcParams.update({
    "figure.dpi": 80,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "font.size": 10,
})
pl.Config(fmt_str_lengths=80, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True)
GREY, BLUE, RED = "#8c8c8c", "#2a6fbb", "#c8322b"
answers = {}

# %% [markdown]
# ## 1. Open the dataset
#
# Three libraries read the same files; use the one that you know best. One row is one line of the log. Times are UTC, and what
# S3 writes as `-` is null: if `requester` is null, the request was anonymous.

# %%
# pandas: everything in memory
logs = pd.read_parquet(LAKE / "logs", dtype_backend="pyarrow")

# Polars: nothing is read until it is needed
frame = pl.scan_parquet(LAKE / "logs" / "*" / "*.parquet")

# DuckDB: SQL
db = duckdb.connect()
db.sql("SET TimeZone = 'UTC'")
db.sql(f"CREATE VIEW logs AS FROM read_parquet('{LAKE}/logs/*/*.parquet', hive_partitioning = true)")

counts = {
    "pandas": len(logs),
    "Polars": frame.select(pl.len()).collect().item(),
    "DuckDB": db.sql("SELECT count(*) FROM logs").fetchall()[0][0],
}
assert len(set(counts.values())) == 1
counts

# %% [markdown]
# **Is the log complete?** The table `sources` has a row for each log file that was read, and `rejects` has a row for each line
# that could not be parsed. If files are damaged or days are missing, the report has to say so first.

# %%
rejects = pd.read_parquet(LAKE / "rejects", dtype_backend="pyarrow")
sources = pd.read_parquet(LAKE / "sources", dtype_backend="pyarrow")
answers["rows"] = len(logs)
answers["rejects"] = len(rejects)
answers["files"] = len(sources)
assert sources["lines"].sum() == len(logs) + len(rejects) + sources["blanks"].sum()
sources.groupby("state", as_index=False).agg(files=("log_file", "size"), lines=("lines", "sum"), rejects=("rejects", "sum"))

# %% [markdown]
# Every line of every file is accounted for. But S3 delivers these logs on a best-effort basis, so "nothing found" means
# "nothing found in what S3 delivered".
#
# ## 2. When did it happen?
#
# Count requests per hour and bytes per hour. They answer different questions: the busiest hours here moved very little data,
# and the request counts alone would not point to the hour in which the data left.

# %%
hourly = (
    frame.group_by(pl.col("request_time").dt.truncate("1h").alias("hour"))
    .agg(pl.len().alias("requests"), pl.col("bytes_sent").sum().alias("bytes"))
    .sort("hour")
    .collect()
)
worst = hourly.sort("bytes", descending=True).row(0, named=True)
answers["hours"] = hourly.height
answers["worst_hour"] = worst["hour"].strftime("%Y-%m-%dT%H:%M:%SZ")
answers["worst_hour_bytes"] = worst["bytes"]

figure, (upper, lower) = plt.subplots(2, 1, figsize=(10, 4.8), sharex=True, layout="constrained")
hours, width = hourly["hour"].to_numpy(), np.timedelta64(1, "h")
colours = np.where(hourly["hour"] == worst["hour"], RED, BLUE)
upper.bar(hours, hourly["requests"], width=width, align="edge", color=colours)
upper.set_title("Requests per hour")
lower.bar(hours, hourly["bytes"] / 1e9, width=width, align="edge", color=colours)
lower.set_title("Gigabytes sent per hour")
lower.annotate(
    f"{worst['bytes'] / 1e9:.1f} GB in the hour from {worst['hour']:%a %d %b, %H:%M}",
    (worst["hour"], worst["bytes"] / 1e9), xytext=(-12, -12), textcoords="offset points", ha="right", va="top", color=RED,
)
lower.xaxis.set_major_locator(DayLocator())
lower.xaxis.set_major_formatter(DateFormatter("%a %d %b"))
plt.show()

# %% [markdown]
# One hour stands out, and it is at night. Is activity at night unusual here? In the heat map, each row is a weekday and each
# column an hour. The scale is logarithmic, so that quiet hours stay visible; white means no requests.

# %%
times = logs["request_time"].dt
grid = (
    pd.crosstab(times.day_of_week, times.hour)
    .reindex(index=range(7), columns=range(24), fill_value=0)
    .to_numpy(dtype=float)
)
answers["heat"] = [" ".join(str(int(count)) for count in row) for row in grid]

figure, axes = plt.subplots(figsize=(10, 3.2), layout="constrained")
image = axes.imshow(np.where(grid > 0, grid, np.nan), norm=LogNorm(1, grid.max()), cmap="YlGnBu", aspect="auto")
axes.set_yticks(range(7), ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
axes.set_xticks(range(0, 24, 2), [f"{hour:02}:00" for hour in range(0, 24, 2)])
axes.set_title("Requests by weekday and hour (UTC)")
axes.spines[:].set_visible(False)
night = (worst["hour"].hour - 0.5, worst["hour"].weekday() - 0.5)
axes.add_patch(plt.Rectangle(night, 1, 1, fill=False, edgecolor=RED, linewidth=2))
figure.colorbar(image, label="requests", ticks=[1, 10, 100, 1000], format="%d")
plt.show()

# %% [markdown]
# People work here during the day, and at night there are only a few automated jobs. More than three hundred requests within
# one hour of a Saturday night are not part of the pattern. (The other dark cells are other attacks, which are separate cases.)
#
# ## 3. Who was it?
#
# Look at that hour only: who received the bytes, and at which address?

# %%
first_sign = db.sql(
    """
    SELECT requester, remote_ip, bucket, count(*) AS requests, sum(bytes_sent)::BIGINT AS bytes
    FROM logs
    WHERE date_trunc('hour', request_time) = ?
    GROUP BY ALL ORDER BY bytes DESC NULLS LAST LIMIT 5
    """,
    params=[worst["hour"]],
).pl()
suspect, address, bucket = first_sign.select("requester", "remote_ip", "bucket").row(0)
answers["suspect"], answers["address"], answers["bucket"] = suspect, address, bucket
first_sign

# %% [markdown]
# Almost all of the bytes went to one user, at one address, from one bucket. These three are the starting point for the rest.
#
# ## 4. Is that normal for this user?
#
# Compare with the other days: how much did the same user read, at what hours, and from where?

# %%
user = frame.filter(pl.col("requester") == suspect)
habits = (
    user.group_by("remote_ip")
    .agg(
        pl.len().alias("requests"),
        pl.col("bytes_sent").sum().alias("bytes"),
        pl.col("request_time").dt.date().n_unique().alias("days"),
        pl.col("request_time").dt.hour().min().alias("earliest_hour"),
        pl.col("request_time").dt.hour().max().alias("latest_hour"),
        pl.col("request_time").min().alias("first"),
        pl.col("request_time").max().alias("last"),
        pl.col("user_agent").n_unique().alias("agents"),
    )
    .sort("first")
    .collect()
)
usual, night = habits.filter(pl.col("remote_ip") != address), habits.filter(pl.col("remote_ip") == address)
answers["usual_addresses"] = usual["remote_ip"].to_list()
answers["usual_bytes"] = usual["bytes"].sum()
answers["times_the_usual"] = int(night["bytes"].item() // usual["bytes"].sum())
habits

# %% [markdown]
# Normally, the user makes four small reads a day, during office hours, from one address. That night, a new address received
# more than a thousand times as many bytes as the usual one did in the whole week. Two observations belong in the report:
#
# - The user agent is the same at both addresses. This proves nothing, because the client can send any user agent.
# - At nine the next morning, the usual reads continue from the usual address. The person works as before, so the access key was
#   probably copied. Talk to the user, without accusing anybody.
#
# ## 5. What happened, in order?
#
# Look at the requests of that user from that address, in order. The first ones show what was known beforehand.

# %%
deeds = logs[(logs["requester"] == suspect) & (logs["remote_ip"] == address)].sort_values(["request_time", "log_file", "log_line"], ignore_index=True)
listings, reads = (deeds[deeds["operation"] == operation] for operation in ("REST.GET.BUCKET", "REST.GET.OBJECT"))
first, last = deeds["request_time"].min(), deeds["request_time"].max()
stamp = "%Y-%m-%dT%H:%M:%SZ"
answers["first"], answers["last"] = first.strftime(stamp), last.strftime(stamp)
answers["requests"], answers["listings"], answers["reads"] = len(deeds), len(listings), len(reads)
answers["failed"] = int((deeds["http_status"] >= 400).sum())
deeds[["request_time", "operation", "key", "http_status", "bytes_sent"]].iloc[[0, 1, 2, 3, 4, -2, -1]]

# %%
taken = reads["bytes_sent"].cumsum() / 1e9
figure, axes = plt.subplots(figsize=(10, 3.2), layout="constrained")
axes.step(reads["request_time"], taken, where="post", color=RED)
axes.fill_between(reads["request_time"], taken, step="post", color=RED, alpha=0.12)
for at in listings["request_time"]:
    axes.axvline(at, color=GREY, linewidth=1)
axes.annotate(f"{len(listings)} listings", (listings["request_time"].max(), taken.max()), xytext=(6, 0), textcoords="offset points", va="top", color=GREY)
axes.annotate(f"{taken.max():.1f} GB in {len(reads)} reads", (last, taken.max()), xytext=(-48, 0), textcoords="offset points", ha="right", va="top", color=RED)
axes.set(title=f"Gigabytes read, {first:%a %d %b %Y} (UTC)", ylim=0)
axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
plt.show()

# %% [markdown]
# First the bucket was listed, then one object after another was read at a steady pace. That is a script working through a
# list, not a person browsing. No request failed: the credentials had all the permissions that were used.
#
# ## 6. What was taken?
#
# Lawyers and customers will ask for this table, so count carefully: distinct objects, and whether each was read completely.
# S3 logs keys percent-encoded twice. Decode them for the reader, and keep the original form as evidence.

# %%
objects = reads.groupby("key", as_index=False).agg(bytes=("bytes_sent", "sum"), size=("object_size", "max"))
objects["object"] = [unquote_plus(unquote_plus(key)) for key in objects["key"]]
objects["prefix"] = ["/".join(name.split("/")[:2]) + "/" for name in objects["object"]]
objects["is_whole"] = objects["bytes"] >= objects["size"]
answers["objects"] = len(objects)
answers["whole_objects"] = int(objects["is_whole"].sum())
answers["bytes"] = int(objects["bytes"].sum())
prefixes = (
    objects.groupby("prefix", as_index=False)
    .agg(objects=("key", "size"), whole=("is_whole", "sum"), bytes=("bytes", "sum"))
    .sort_values("bytes", ascending=False, ignore_index=True)
)
answers["prefixes"] = {row.prefix: [int(row.objects), int(row.bytes)] for row in prefixes.itertuples()}
prefixes

# %% [markdown]
# ## 7. Does the timing fit?
#
# Sending a large object takes time. If the reads of that night had been as fast as everyday ones, the number of bytes would be
# doubtful. The plot shows the duration of requests by percentile: at 99 %, one request in a hundred took longer.

# %%
everyday = logs[(logs["operation"] == "REST.GET.OBJECT") & (logs["http_status"] == 200) & (logs["remote_ip"] != address)]
answers["median_milliseconds"] = [float(rows["total_time"].median()) for rows in (reads, everyday)]

figure, axes = plt.subplots(figsize=(10, 3.4), layout="constrained")
for rows, colour, name in ((reads, RED, "reads of that night"), (everyday, BLUE, "all other successful reads")):
    milliseconds = np.sort(rows["total_time"].to_numpy(dtype=float))
    # The share of requests below each one: 0.5 is the median.
    rank = np.arange(len(milliseconds)) / len(milliseconds)
    axes.plot(1 / (1 - rank), milliseconds, color=colour, label=f"{name} ({len(milliseconds):,})", drawstyle="steps-post")
axes.set(xscale="log", yscale="log", title="How long reads took (total time)")
axes.set_xticks([1, 2, 10, 100, 1000], ["0 %", "50 %", "90 %", "99 %", "99.9 %"])
axes.set_yticks([10, 100, 1000], ["10 ms", "100 ms", "1 s"])
axes.minorticks_off()
axes.set_xlabel("share of requests that were at least as fast")
axes.grid(color="#e6e6e6")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# The reads of that night took much longer, as expected for large objects.
#
# ## 8. Is there more?
#
# Search from the other side: what else did this address do, in which buckets, and under which other names?

# %%
elsewhere = db.sql(
    """
    SELECT coalesce(requester, '(anonymous)') AS requester, bucket, operation, count(*) AS requests,
           min(request_time) AS first, max(request_time) AS last
    FROM logs WHERE remote_ip = ? GROUP BY ALL ORDER BY first
    """,
    params=[address],
).pl()
answers["names_at_the_address"] = elsewhere["requester"].n_unique()
answers["buckets_of_the_address"] = elsewhere["bucket"].n_unique()
elsewhere

# %% [markdown]
# Nothing else: one name, one bucket, two kinds of requests.
#
# ## 9. What to do first, and what the log cannot tell
#
# 1. **Now:** deactivate the user's access keys. Keep the log files unchanged, together with the report of `saltmine verify`.
# 2. **Next:** search CloudTrail for the key id: who created it, where else was it used, and for which services? Data events have
#    it in `userIdentity.accessKeyId`. The access log names the user, but not the key id of a request signed in a header.
# 3. **Then:** give the list of objects to the owner of the data.
#
# The log shows that the bytes were sent, but not what happened to them afterwards. It shows the address that connected to S3, which
# may be a proxy or a VPN, but not the person. And it has no record of requests that S3 did not log.
#
# The numbers of this case, for the ticket:

# %%
print("{" + ",\n ".join(f"{json.dumps(name)}: {json.dumps(answer)}" for name, answer in answers.items()) + "}")

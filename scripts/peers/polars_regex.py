"""Polars reads whole lines, splits them with the regular expression, and writes Parquet, all in its streaming engine."""

import peer
import polars as pl
from s3log import FIELDS, NUMBERS, PATTERN, QUOTED, TIME_FORMAT, files


def column(field):
    """The typed column of a field."""
    value = pl.col("f").struct.field(field)
    if field == "request_time":
        return value.str.to_datetime(TIME_FORMAT, time_unit="us", time_zone="UTC", strict=False)
    if field in NUMBERS:
        return value.cast(pl.Int64, strict=False)
    if field == "http_status":
        return value.cast(pl.Int16, strict=False)
    if field in QUOTED:
        value = value.str.strip_prefix('"').str.strip_suffix('"')
    return pl.when(value != "-").then(value).alias(field)


def main(corpus, out):
    names = {str(at + 1): field for at, field in enumerate(FIELDS)}
    lines = pl.scan_csv(
        files(corpus),
        separator="\x01",
        has_header=False,
        quote_char=None,
        schema={"line": pl.String},
        encoding="utf8-lossy",
    )
    groups = pl.col("line").str.extract_groups(PATTERN).struct.rename_fields(list(names.values())).alias("f")
    (
        lines.select(groups)
        .filter(pl.col("f").struct.field("operation").is_not_null())
        .select(column(field) for field in FIELDS)
        .sink_parquet(f"{out}/logs.parquet", compression="zstd", compression_level=1, engine="streaming")
    )


peer.run(main)

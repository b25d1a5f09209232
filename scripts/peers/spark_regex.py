"""Spark reads whole lines, splits them with the regular expression, and writes Parquet (as Athena or Glue would)."""

import os

import peer
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from s3log import FIELDS, NUMBERS, PATTERN, QUOTED


def column(at, field):
    """The typed column of a field."""
    value = F.regexp_extract("value", PATTERN, at)
    if field == "request_time":
        return F.to_timestamp(value, "dd/MMM/yyyy:HH:mm:ss Z").alias(field)
    if field in NUMBERS:
        return value.try_cast("bigint").alias(field)
    if field == "http_status":
        return value.try_cast("smallint").alias(field)
    if field in QUOTED:
        value = F.regexp_replace(value, '^"|"$', "")
    return F.when(~value.isin("", "-"), value).alias(field)


def main(corpus, out):
    cores = os.cpu_count() or 1
    spark = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "3g")
        .config("spark.sql.parquet.compression.codec", "zstd")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .getOrCreate()
    )
    lines = spark.read.option("recursiveFileLookup", "true").text(str(corpus))
    matched = lines.where(F.col("value").rlike(PATTERN))
    matched.select(*(column(at, f) for at, f in enumerate(FIELDS, 1))).write.parquet(f"{out}/spark")
    spark.stop()


peer.run(main)

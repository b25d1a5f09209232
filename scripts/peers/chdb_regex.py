"""chdb (embedded ClickHouse) reads whole lines, splits them with the regular expression, and writes Parquet."""

import chdb
import peer
from s3log import FIELDS, NUMBERS, PATTERN, QUOTED


def column(at, field):
    """The typed column of a field; `g` is the array of groups, from 1."""
    value = f"g[{at}]"
    if field == "request_time":
        return f"parseDateTime64BestEffortOrNull(concat(substring({value}, 1, 2), ' ', substring({value}, 4, 3), ' ', substring({value}, 8, 4), ' ', substring({value}, 13)), 6, 'UTC') AS {field}"
    if field in NUMBERS:
        return f"toInt64OrNull({value}) AS {field}"
    if field == "http_status":
        return f"toInt16OrNull({value}) AS {field}"
    if field in QUOTED:
        value = f"trim(BOTH '\"' FROM {value})"
    return f"if({value} IN ('', '-'), NULL, {value}) AS {field}"


def main(corpus, out):
    # In ClickHouse's literals a backslash is an escape.
    pattern = PATTERN.replace("\\", "\\\\").replace("'", "\\'")
    fields = ", ".join(column(at, field) for at, field in enumerate(FIELDS, 1))
    chdb.query(
        f"""
        SELECT {fields}
        FROM (
            SELECT extractGroups(toValidUTF8(line), '{pattern}') AS g
            FROM file('{corpus}/**/*.gz', 'LineAsString', 'line String', 'gzip')
        )
        WHERE length(g) > 0
        INTO OUTFILE '{out}/logs.parquet'
        FORMAT Parquet
        SETTINGS output_format_parquet_compression_method = 'zstd', output_format_compression_level = 1,
                 output_format_parquet_string_as_string = 1
        """
    )


peer.run(main)

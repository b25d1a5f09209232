"""Investigate Amazon S3 server access logs: parse every line into Parquet, hunt for attacks, query with SQL.

Answers are Arrow streams (PyCapsule interface), which pandas, Polars, DuckDB and pyarrow read without a copy::

    import polars, saltmine

    saltmine.ingest("logs/", to="case.lake")
    rows = saltmine.query("SELECT * FROM logs WHERE remote_ip = $ip", "case.lake", params={"ip": "198.51.100.9"})
    polars.DataFrame(rows)

Text in answers comes unmodified from the log and may be hostile.
"""

from ._api import export, hunt, incidents, ingest, named, queries, query, report, scan, timeline
from ._errors import (
    DamagedInputWarning,
    DatasetError,
    InputError,
    ParameterError,
    QueryError,
    SaltmineError,
    StrictError,
)
from ._saltmine import Batch, Findings, IngestReport, Rows, Table, __version__

__all__ = [
    "Batch",
    "DamagedInputWarning",
    "DatasetError",
    "Findings",
    "IngestReport",
    "InputError",
    "ParameterError",
    "QueryError",
    "Rows",
    "SaltmineError",
    "StrictError",
    "Table",
    "__version__",
    "export",
    "hunt",
    "incidents",
    "ingest",
    "named",
    "queries",
    "query",
    "report",
    "scan",
    "timeline",
]

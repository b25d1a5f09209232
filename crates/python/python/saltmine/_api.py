"""The functions of the package."""

import datetime
import json
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Literal, Optional, Union

from . import _command, _convert, _saltmine
from ._convert import Path, Paths, Time, Value
from ._errors import ParameterError
from ._saltmine import Findings, IngestReport, Rows


def ingest(
    paths: Paths,
    to: Path,
    *,
    partition_by: Optional[Literal["event_date", "bucket,event_date"]] = None,
    jobs: int = 0,
    strict: bool = False,
    progress: Optional[Callable[[int, int, int], object]] = None,
) -> IngestReport:
    """Read logs into a dataset: Delta Lake tables of Parquet files.

    Files already in the dataset are skipped, so the call can be repeated safely. If a call is interrupted, the next one
    completes or removes what it left.

    Args:
        paths: Files (plain, gzip or zstd), folders (recursively), globs, or ``-`` for standard input.
        to: The dataset's folder; created if missing.
        partition_by: How to partition a new dataset; by default by the date of the requests.
        jobs: Number of threads; 0 for one per core.
        strict: Treat damaged files and malformed lines as errors.
        progress: Called a few times a second with files done, total files, and lines read.

    Raises:
        InputError: A path is missing, or a file changed while it was being read.
        DatasetError: The dataset cannot be written.
        StrictError: With ``strict``, if any input was damaged or malformed.
    """
    return _saltmine.ingest(_convert.paths(paths), _convert.text(to), partition_by, jobs, strict, progress)


def query(
    sql: str,
    inputs: Paths,
    *,
    params: Optional[Mapping[str, Value]] = None,
    tables: Optional[Mapping[str, Path]] = None,
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    aliases: Iterable[str] = (),
    memory_limit: Union[int, str, None] = None,
    threads: int = 0,
    redact: Optional[str] = None,
    redact_key: Optional[Path] = None,
) -> Rows:
    """Run SQL on a dataset or directly on log files.

    Tables: ``logs`` (one row per line), ``rejects`` (lines that could not be parsed), ``sources`` (one row per file), and the
    views ``athena.s3_access_logs`` and ``cloudwatch.s3_access_logs``. Only statements that read are allowed.

    Args:
        sql: The statement.
        inputs: One dataset, or log files, folders and globs.
        params: Values bound to ``$name`` in the statement, never pasted into it.
        tables: CSV, TSV, JSON, NDJSON or Parquet files to load as tables, by extension.
        since: Limit the table ``logs`` to requests at or after this time (UTC unless it has an offset).
        until: Limit the table ``logs`` to requests before this time.
        aliases: Names (``db.table``) for the view with the columns of AWS's Athena table.
        memory_limit: Memory limit before spilling to disk, such as ``512m``; by default 70 % of RAM.
        threads: Number of threads; 0 for one per core.
        redact: Values to replace with pseudonyms: ``tokens`` (session tokens and signatures; always included),
            ``addresses``, ``principals``, separated by commas, or ``all``. The dataset itself is not changed.
        redact_key: Pseudonym key file, created if missing. By default that of the dataset; for log files, a key for
            this call only.

    Raises:
        InputError: An input is missing or cannot be read.
        QueryError: The statement is invalid, or does more than read.
        ParameterError: A value cannot be bound.
    """
    options = _options(inputs, tables, since, until, aliases, memory_limit, threads, redact, redact_key)
    return _saltmine.query(sql, _convert.tagged(params), options)


def scan(
    inputs: Paths,
    *,
    columns: Optional[Iterable[str]] = None,
    where: Optional[str] = None,
    params: Optional[Mapping[str, Value]] = None,
    table: Literal["logs", "rejects", "sources"] = "logs",
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    memory_limit: Union[int, str, None] = None,
    threads: int = 0,
    redact: Optional[str] = None,
    redact_key: Optional[Path] = None,
) -> Rows:
    """Read a table of a dataset or of log files, in no particular order.

    Args:
        inputs: One dataset, or log files, folders and globs.
        columns: Columns to read, in this order; all by default.
        where: An SQL condition.
        params: Values bound to ``$name`` in the condition.
        table: The table to read.
        since, until, memory_limit, threads, redact, redact_key: See :func:`query`.

    Raises:
        InputError, QueryError, ParameterError: See :func:`query`.
    """
    if table not in ("logs", "rejects", "sources"):
        raise ParameterError("table must be logs, rejects or sources")
    if isinstance(columns, str):
        columns = [columns]
    wanted = "*" if columns is None else ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    if not wanted:
        raise ParameterError("columns must not be empty")
    # On separate lines, so that a trailing comment in the condition does not hide the parenthesis.
    condition = "" if where is None else f" WHERE (\n{where}\n)"
    options = _options(inputs, None, since, until, (), memory_limit, threads, redact, redact_key)
    return _saltmine.query(f"SELECT {wanted} FROM {table}{condition}", _convert.tagged(params), options)


def named(
    name: str,
    inputs: Paths,
    *,
    params: Optional[Mapping[str, Value]] = None,
    catalogue: Optional[Path] = None,
    tables: Optional[Mapping[str, Path]] = None,
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    memory_limit: Union[int, str, None] = None,
    threads: int = 0,
    redact: Optional[str] = None,
    redact_key: Optional[Path] = None,
) -> Rows:
    """Run a query of the catalogue, such as ``mass-delete``.

    Args:
        name: The query's name; :func:`queries` lists them.
        inputs: One dataset, or log files, folders and globs.
        params: Values for its parameters; the others keep their defaults.
        catalogue: A folder with your own queries, ``PACK/NAME.sql``, in addition to the built-in ones.
        tables, since, until, memory_limit, threads, redact, redact_key: See :func:`query`.

    Raises:
        ParameterError: The query or parameter does not exist, or a value has the wrong type.
        InputError, QueryError: See :func:`query`.
    """
    options = _options(inputs, tables, since, until, (), memory_limit, threads, redact, redact_key)
    return _saltmine.named(name, _convert.texts(params), _folder(catalogue), options)


def hunt(
    inputs: Paths,
    *,
    packs: Union[str, Iterable[str]] = (),
    catalogue: Optional[Path] = None,
    tables: Optional[Mapping[str, Path]] = None,
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    memory_limit: Union[int, str, None] = None,
    threads: int = 0,
    redact: Optional[str] = None,
    redact_key: Optional[Path] = None,
) -> Findings:
    """Run all detections of the catalogue and return findings by severity.

    Args:
        inputs: One dataset, or log files, folders and globs.
        packs: Run only the detections of these packs.
        catalogue: A folder with your own queries, ``PACK/NAME.sql``, in addition to the built-in ones.
        tables, since, until, memory_limit, threads, redact, redact_key: See :func:`query`.

    Raises:
        ParameterError: The pack does not exist.
        InputError: An input is missing or cannot be read.
    """
    options = _options(inputs, tables, since, until, (), memory_limit, threads, redact, redact_key)
    return _saltmine.hunt(_several(packs), _folder(catalogue), options)


def incidents(
    inputs: Paths,
    *,
    catalogue: Optional[Path] = None,
    tables: Optional[Mapping[str, Path]] = None,
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    memory_limit: Union[int, str, None] = None,
    threads: int = 0,
    redact: Optional[str] = None,
    redact_key: Optional[Path] = None,
) -> list[dict[str, Any]]:
    """Run a hunt and return its incidents: findings that belong together, one dict each, the most severe first.

    The dicts are those of ``saltmine hunt --format json``: ``number``, ``severity``, ``title``, ``headline``, ``actors``,
    ``phases``, ``first_seen``, ``last_seen``, ``losses``, ``next_steps`` and others. :func:`hunt` returns them too, as
    ``findings.incidents``.

    Args:
        inputs, catalogue, tables, since, until, memory_limit, threads, redact, redact_key: See :func:`hunt`.

    Raises:
        InputError: An input is missing or cannot be read.
    """
    options = _options(inputs, tables, since, until, (), memory_limit, threads, redact, redact_key)
    return _saltmine.hunt([], _folder(catalogue), options).incidents


def export(
    inputs: Paths,
    *,
    incident: Optional[int] = None,
    finding: Optional[str] = None,
    what: Literal["taken", "destroyed", "changed", "rows"] = "rows",
    catalogue: Optional[Path] = None,
    tables: Optional[Mapping[str, Path]] = None,
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    memory_limit: Union[int, str, None] = None,
    threads: int = 0,
    redact: Optional[str] = None,
    redact_key: Optional[Path] = None,
) -> Rows:
    """List the requests or objects of an incident or a finding. The call runs a hunt first.

    Args:
        incident: The number of an incident or actor in :func:`incidents` or ``saltmine hunt``.
        finding: The name of a detection, instead of ``incident``.
        what: ``taken``: objects that were read or copied; ``destroyed``: objects that were deleted, expired or
            overwritten; ``changed``: changed settings and written objects; ``rows``: all requests.
        inputs, catalogue, tables, since, until, memory_limit, threads, redact, redact_key: See :func:`hunt`.

    Raises:
        ParameterError: The incident or finding does not exist.
        InputError: An input is missing or cannot be read.
    """
    options = _options(inputs, tables, since, until, (), memory_limit, threads, redact, redact_key)
    return _saltmine.export(incident, finding, what, _folder(catalogue), options)


def timeline(
    inputs: Paths,
    *,
    requester: Union[str, Iterable[str]] = (),
    ip: Union[str, Iterable[str]] = (),
    key: Union[str, Iterable[str]] = (),
    bucket: Union[str, Iterable[str]] = (),
    request_id: Union[str, Iterable[str]] = (),
    incident: Optional[int] = None,
    finding: Optional[str] = None,
    idle: datetime.timedelta = datetime.timedelta(minutes=30),
    max_sessions: Optional[int] = 1000,
    catalogue: Optional[Path] = None,
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    memory_limit: Union[int, str, None] = None,
    threads: int = 0,
    redact: Optional[str] = None,
    redact_key: Optional[Path] = None,
) -> list[dict[str, Any]]:
    """Reconstruct sessions: requests by one requester from one address without a longer break. One dict per session, by time.

    Values of one selector are alternatives; different selectors narrow the selection. Without selectors, all requests count.

    Args:
        requester: Requesters as logged; ``*`` matches any text, ``?`` one character; ``-`` is anonymous.
        ip: Client addresses or networks.
        key: Object keys, decoded, with the same wildcards.
        bucket: Buckets, with the same wildcards.
        request_id: Request ids.
        incident, finding: See :func:`export`.
        idle: A longer break starts a new session.
        max_sessions: Maximum number of sessions, earliest first; ``None`` for all. A warning says how many were left out.
        inputs, catalogue, since, until, memory_limit, threads, redact, redact_key: See :func:`hunt`.

    Raises:
        ParameterError: A selector is invalid, or the incident or finding does not exist.
        InputError: An input is missing or cannot be read.
    """
    selectors = {
        "requesters": _several(requester),
        "addresses": _several(ip),
        "keys": _several(key),
        "buckets": _several(bucket),
        "request_ids": _several(request_id),
        "incident": incident,
        "finding": finding,
        "idle": idle // datetime.timedelta(microseconds=1),
        "max_sessions": max_sessions,
    }
    options = _options(inputs, None, since, until, (), memory_limit, threads, redact, redact_key)
    found = json.loads(_saltmine.timeline(selectors, _folder(catalogue), options))
    sessions: list[dict[str, Any]] = found["sessions"]
    hidden = found["session_count"] - len(sessions)
    if hidden:
        warnings.warn(f"{hidden} later sessions left out; use max_sessions=None", stacklevel=2)
    return sessions


def report(
    inputs: Paths,
    to: Path,
    *,
    title: Optional[str] = None,
    since: Optional[Time] = None,
    until: Optional[Time] = None,
    redact: Optional[str] = None,
    redact_key: Optional[Path] = None,
) -> None:
    """Write the HTML report, with the command ``saltmine`` that is installed with the package.

    Args:
        inputs: One dataset, or log files, folders and globs.
        to: The HTML file.
        title: Title of the page, such as a case number.
        since, until, redact, redact_key: See :func:`query`.

    Raises:
        SaltmineError: The command is missing, has another version, or failed; the message is the command's.
    """
    arguments = ["report", "--output", _convert.text(to)]
    for name, value in (("--title", title), ("--redact", redact)):
        arguments += [] if value is None else [f"{name}={value}"]
    for name, time in (("--since", since), ("--until", until)):
        arguments += [] if time is None else [f"{name}={_convert.iso(time)}"]
    arguments += [] if redact_key is None else [f"--redact-key={_convert.text(redact_key)}"]
    _command.run([*arguments, "--", *_convert.paths(inputs)])


def queries(*, catalogue: Optional[Path] = None) -> list[dict[str, Any]]:
    """The queries of the catalogue, each with name, pack, kind, title, question, severity, parameters, columns, known
    false positives and SQL.

    Args:
        catalogue: A folder with your own queries, ``PACK/NAME.sql``, in addition to the built-in ones.
    """
    known: list[dict[str, Any]] = json.loads(_saltmine.queries(_folder(catalogue)))
    return known


def _several(values: Union[str, Iterable[str]]) -> list[str]:
    return [values] if isinstance(values, str) else list(values)


def _folder(catalogue: Optional[Path]) -> Optional[str]:
    return None if catalogue is None else _convert.text(catalogue)


def _options(
    inputs: Paths,
    tables: Optional[Mapping[str, Path]],
    since: Optional[Time],
    until: Optional[Time],
    aliases: Iterable[str],
    memory_limit: Union[int, str, None],
    threads: int,
    redact: Optional[str],
    redact_key: Optional[Path],
) -> dict[str, Any]:
    return {
        "inputs": _convert.paths(inputs),
        "tables": [(name, _convert.text(path)) for name, path in (tables or {}).items()],
        "since": _convert.micros(since),
        "until": _convert.micros(until),
        "aliases": [aliases] if isinstance(aliases, str) else list(aliases),
        "memory_limit": _convert.size(memory_limit),
        "threads": threads,
        "redact": redact,
        "redact_key": None if redact_key is None else _convert.text(redact_key),
    }

"""The functions of the package."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Literal, Optional, Union

from . import _convert, _saltmine
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

    Content that is in the dataset already is skipped, so the same call again adds only what is new. Interrupted at any
    instant, the next call completes or removes what was under way.

    Args:
        paths: Files (plain, gzip or zstd), folders with all below them, globs, or ``-`` for standard input.
        to: The dataset's folder; made if it is not there.
        partition_by: How a new dataset is divided into folders; by default by the date of the requests.
        jobs: Threads; 0 for one a core.
        strict: Damaged files and lines that do not read are an error.
        progress: Called a few times a second with files done, files in all, and lines read.

    Raises:
        InputError: A path is missing, or a file changed while it was read.
        DatasetError: The dataset cannot be written.
        StrictError: With ``strict``, where not all input was read well.
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
    """Ask SQL of a dataset, or of logs as they are.

    Tables: ``logs`` (a row a line), ``rejects`` (lines that could not be read), ``sources`` (a row a file), and the
    views ``athena.s3_access_logs`` and ``cloudwatch.s3_access_logs``. Statements may only read.

    Args:
        sql: The statement.
        inputs: One dataset, or files, folders and globs of logs.
        params: Values that are bound to ``$name`` in the statement, never pasted into it.
        tables: Other files as tables: csv, tsv, json, ndjson or parquet, by their endings.
        since: The table ``logs`` has only requests from this time on (UTC where it says nothing else).
        until: The table ``logs`` has only requests before this time.
        aliases: Names ``db.table`` for the logs with the columns of AWS's Athena table.
        memory_limit: Most memory for intermediate results, such as ``512m``; more goes to disk. By
            default 70 % of what there is.
        threads: Threads; 0 for one a core.
        redact: What is not shown: ``tokens`` (session tokens and signatures, always under it), ``addresses``,
            ``principals`` (with commas between them), or ``all``. The dataset itself stays whole.
        redact_key: The file of the key of the pseudonyms, made where it is not there. By default that of the dataset;
            for logs as they are, a key for this call only.

    Raises:
        InputError: An input is missing or cannot be read.
        QueryError: The statement is wrong, or does more than read.
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
    """Read a table of a dataset, or of logs as they are, in no particular order.

    Args:
        inputs: One dataset, or files, folders and globs of logs.
        columns: Those wanted, in this order; others are not read. All by default.
        where: A condition in SQL.
        params: Values that are bound to ``$name`` in the condition.
        table: Which table.
        since, until, memory_limit, threads, redact, redact_key: As for :func:`query`.

    Raises:
        InputError, QueryError, ParameterError: As :func:`query`.
    """
    if table not in ("logs", "rejects", "sources"):
        raise ParameterError("table: logs, rejects or sources")
    if isinstance(columns, str):
        columns = [columns]
    wanted = "*" if columns is None else ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    if not wanted:
        raise ParameterError("columns: none")
    # On lines of its own, so that a comment in the condition ends with it.
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
    """Ask a question of the catalogue, such as ``mass-delete``.

    Args:
        name: The question's name; :func:`queries` lists them.
        inputs: One dataset, or files, folders and globs of logs.
        params: Values for some of its parameters; the others have their defaults.
        catalogue: A folder of questions, ``PACK/NAME.sql``, beside those built in.
        tables, since, until, memory_limit, threads, redact, redact_key: As for :func:`query`.

    Raises:
        ParameterError: There is no such question or parameter, or a value is not of its type.
        InputError, QueryError: As :func:`query`.
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
    """Run all detections of the catalogue, the gravest findings first.

    Args:
        inputs: One dataset, or files, folders and globs of logs.
        packs: Only these packs of the catalogue.
        catalogue: A folder of questions, ``PACK/NAME.sql``, beside those built in.
        tables, since, until, memory_limit, threads, redact, redact_key: As for :func:`query`.

    Raises:
        ParameterError: There is no such pack.
        InputError: An input is missing or cannot be read.
    """
    several = [packs] if isinstance(packs, str) else list(packs)
    options = _options(inputs, tables, since, until, (), memory_limit, threads, redact, redact_key)
    return _saltmine.hunt(several, _folder(catalogue), options)


def queries(*, catalogue: Optional[Path] = None) -> list[dict[str, Any]]:
    """The questions of the catalogue, each with name, pack, kind, title, question, severity, parameters, columns, what
    would be a false positive, and its SQL.

    Args:
        catalogue: A folder of questions, ``PACK/NAME.sql``, beside those built in.
    """
    known: list[dict[str, Any]] = json.loads(_saltmine.queries(_folder(catalogue)))
    return known


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

"""Converts arguments to the plain values that the extension module takes."""

import datetime
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Optional, Union

from ._errors import InputError, ParameterError
from ._saltmine import parse_time

Path = Union[str, "os.PathLike[str]"]
Paths = Union[Path, Iterable[Path]]
Time = Union[str, datetime.date, datetime.datetime]
Value = Union[str, int, float, bool, bytes, datetime.date, datetime.datetime, datetime.timedelta, None]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MICROSECOND = datetime.timedelta(microseconds=1)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def paths(given: Paths) -> list[str]:
    """One path or several."""
    several = [given] if isinstance(given, (str, os.PathLike)) else list(given)
    if not several:
        raise InputError("no paths")
    return [text(path) for path in several]


def text(path: Path) -> str:
    """A path as text."""
    plain = os.fspath(path)
    if not isinstance(plain, str):
        raise ParameterError(f"a path must be text, not {type(plain).__name__}")
    return plain


def micros(time: Optional[Time]) -> Optional[int]:
    """Microseconds since 1970; a time without a zone is UTC, like all times in the logs."""
    if time is None:
        return None
    if isinstance(time, str):
        return parse_time(time)
    if not isinstance(time, datetime.datetime):
        time = datetime.datetime(time.year, time.month, time.day)
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.timezone.utc)
    return (time - _EPOCH) // _MICROSECOND


def iso(time: Time) -> str:
    """A time as the command takes it."""
    if isinstance(time, str):
        return time
    return (_EPOCH + (micros(time) or 0) * _MICROSECOND).isoformat()


def size(limit: Union[int, str, None]) -> Optional[int]:
    """Parse a size such as ``512m`` to bytes."""
    if limit is None or isinstance(limit, int):
        return limit
    parts = re.fullmatch(r"(\d+)([kmg]?)(?:i?b)?", limit.strip().lower())
    if not parts:
        raise ParameterError(f"memory_limit: invalid size {limit!r}; use a size such as 512m or 4g")
    return int(parts[1]) * _UNITS[parts[2]]


def tagged(params: Optional[Mapping[str, Value]]) -> dict[str, tuple[str, Any]]:
    """Values to bind, each with the name of its type."""
    return {name: _tag(name, value) for name, value in (params or {}).items()}


def _tag(name: str, value: Any) -> tuple[str, Any]:
    if value is None:
        return "null", None
    if isinstance(value, datetime.datetime):
        return "timestamp", micros(value)
    if isinstance(value, datetime.date):
        return "date", (value - _EPOCH.date()).days
    if isinstance(value, datetime.timedelta):
        return "interval", value // _MICROSECOND
    # bool is a subclass of int, so it must come first.
    for kind, word in ((bool, "boolean"), (int, "integer"), (float, "float"), (str, "text"), (bytes, "bytes")):
        if isinstance(value, kind):
            return word, value
    raise ParameterError(f"parameter {name}: a {type(value).__name__} cannot be bound")


def texts(params: Optional[Mapping[str, Value]]) -> list[tuple[str, str]]:
    """Values as text, as the catalogue expects them."""
    return [(name, _text(value)) for name, value in (params or {}).items()]


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.timedelta):
        return f"{value // _MICROSECOND} microseconds"
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return str(value)

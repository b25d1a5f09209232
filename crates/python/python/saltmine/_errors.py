"""Exceptions and warnings."""


class SaltmineError(Exception):
    """Base class of saltmine's errors."""


class InputError(SaltmineError):
    """A path is missing, cannot be read or holds no logs, or a file is not a table."""


class DatasetError(SaltmineError):
    """A dataset cannot be read or written."""


class QueryError(SaltmineError):
    """SQL is invalid, is refused because it does more than read, or failed while running."""


class ParameterError(SaltmineError, ValueError):
    """An argument or parameter is missing, unknown, or has the wrong type."""


class StrictError(SaltmineError):
    """With ``strict=True``: some input was damaged or malformed, and nothing of that round was committed."""


class DamagedInputWarning(UserWarning):
    """Raw files were damaged or had malformed lines; the rest was read."""

"""Exceptions and warnings."""


class SaltmineError(Exception):
    """Anything that goes wrong in saltmine."""


class InputError(SaltmineError):
    """A path is missing, cannot be read, or names no logs; or a file is no table."""


class DatasetError(SaltmineError):
    """A dataset cannot be read or written."""


class QueryError(SaltmineError):
    """SQL is wrong, is refused because it does more than read, or failed while it ran."""


class ParameterError(SaltmineError, ValueError):
    """An argument or a parameter is missing, unknown, or has no value of its type."""


class StrictError(SaltmineError):
    """With ``strict=True``: not all input was read well, and nothing of that round was committed."""


class DamagedInputWarning(UserWarning):
    """Raw files were damaged, or had lines that did not read; the rest was read."""

"""The log format for the peers: columns, types, and a regular expression.

The expression has the form of the one in the Athena table definition of the S3 user guide: every field is "no space",
the request-URI, the referer and the user agent are "no quote between quotes, or a dash", and what was added over the
years is optional. A line that it does not match is lost, as it is in Athena.
"""

FIELDS = [
    "bucket_owner", "bucket", "request_time", "remote_ip", "requester", "request_id", "operation", "key",
    "request_uri", "http_status", "error_code", "bytes_sent", "object_size", "total_time", "turn_around_time",
    "referer", "user_agent", "version_id", "host_id", "signature_version", "cipher_suite",
    "authentication_type", "host_header", "tls_version", "access_point_arn", "acl_required", "source_region",
]  # fmt: skip

NUMBERS = ["bytes_sent", "object_size", "total_time", "turn_around_time"]
QUOTED = ["request_uri", "referer", "user_agent"]

_WORD = r"([^ ]*)"
_QUOTED = r'("[^"]*"|-)'
_HEAD = [_WORD, _WORD, r"\[(.*?)\]", _WORD, _WORD, _WORD, _WORD, _WORD]
_MIDDLE = [_QUOTED, r"(-|[0-9]*)", _WORD, _WORD, _WORD, _WORD, _WORD, _QUOTED, _QUOTED]

# Always 17 fields; then version_id; the six of 2019; access_point_arn; acl_required; source_region; then any others.
PATTERN = (
    "^"
    + " ".join(_HEAD + _MIDDLE)
    + f"(?: {_WORD})?"
    + f"(?: {' '.join([_WORD] * 6)})?"
    + f"(?: {_WORD})?" * 3
    + ".*$"
)

TIME_FORMAT = "%d/%b/%Y:%H:%M:%S %z"


def files(folder):
    """All gzip files below a folder, sorted."""
    from pathlib import Path

    return sorted(str(path) for path in Path(folder).rglob("*.gz"))


def sql_text(value):
    """A string literal for SQL."""
    return "'" + value.replace("'", "''") + "'"

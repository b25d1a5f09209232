"""Shared by the checks of other readers: saltmine's answers, and the output of a check."""

import json
import subprocess
import sys


def ask(saltmine, source, sql):
    """The rows of a saltmine answer as tuples of numbers, strings, booleans and None; times are strings."""
    done = subprocess.run([saltmine, "query", source, sql, "--format", "json"], check=True, capture_output=True)
    return [tuple(row.values()) for row in json.loads(done.stdout)]


def check(name, holds):
    """Print whether a check passed; the first failure ends the script."""
    print(f"{'ok' if holds else 'FAILED'}  {name}", flush=True)
    if not holds:
        sys.exit(1)

"""What the checks of other readers share: saltmine's answers, and how a check is told."""

import json
import subprocess
import sys


def ask(saltmine, source, sql):
    """The rows of an answer of saltmine's, as tuples: numbers, texts, truth values and nulls; times are texts."""
    done = subprocess.run([saltmine, "query", source, sql, "--format", "json"], check=True, capture_output=True)
    return [tuple(row.values()) for row in json.loads(done.stdout)]


def check(name, holds):
    """Tells whether it holds; the first that does not ends the script."""
    print(f"{'ok' if holds else 'FAILED'}  {name}", flush=True)
    if not holds:
        sys.exit(1)

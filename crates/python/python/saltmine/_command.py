"""Runs the command ``saltmine``."""

import os
import shutil
import subprocess
import sys

from ._errors import SaltmineError
from ._saltmine import __version__


def run(arguments: list[str]) -> None:
    """Run the command of this package's version. Its output is shown only if it fails."""
    program = _find()
    _check_version(program)
    done = subprocess.run([program, "--quiet", *arguments], stdin=subprocess.DEVNULL, capture_output=True)
    # Code 3: some lines were malformed; the page says so.
    if done.returncode not in (0, 3):
        text = done.stderr.decode(errors="replace").strip()
        raise SaltmineError(text.removeprefix("error: ") or f"saltmine ended with code {done.returncode}")


def _find() -> str:
    beside = os.path.dirname(sys.executable)
    program = shutil.which("saltmine", path=beside) or shutil.which("saltmine")
    if program is None:
        raise SaltmineError("writing a report needs the command saltmine, which is not installed")
    return program


def _check_version(program: str) -> None:
    done = subprocess.run([program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    words = done.stdout.split()
    if words[1:2] != [__version__]:
        raise SaltmineError(f"{program} is not saltmine {__version__}, the version of this package")

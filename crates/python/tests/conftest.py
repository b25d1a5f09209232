"""Fixtures: the samples, and the command `saltmine` to compare with."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SALTMINE = os.environ["SALTMINE"]


class Command:
    """Runs the command and returns its output."""

    path = SALTMINE

    def run(self, *arguments, codes=(0, 3)):
        done = subprocess.run([SALTMINE, *map(str, arguments)], capture_output=True)
        assert done.returncode in codes, done.stderr.decode()
        return done.stdout.decode()

    def rows(self, *arguments):
        """The rows of an answer as dicts."""
        return json.loads(self.run("query", *arguments, "--format", "json"))


@pytest.fixture(scope="session")
def command():
    return Command()


@pytest.fixture(scope="session")
def logs():
    """Logs of every format version, with hostile text and six malformed lines."""
    return str(ROOT / "samples" / "logs")


@pytest.fixture(scope="session")
def attack():
    """Well-formed logs with attacks in them."""
    return str(ROOT / "samples" / "attack")


@pytest.fixture(scope="session")
def lake(command, logs, tmp_path_factory):
    """A dataset of `logs`, made by the command."""
    lake = tmp_path_factory.mktemp("command") / "logs.lake"
    command.run("--quiet", "ingest", logs, "--to", lake)
    return str(lake)


@pytest.fixture(scope="session")
def corpus(command, tmp_path_factory):
    """Enough logs for work that takes some time."""
    corpus = tmp_path_factory.mktemp("corpus")
    command.run("--quiet", "generate", "--out", corpus, "--lines", 200_000, "--files", 16, "--hostile-percent", 0)
    return str(corpus)


@pytest.fixture
def script():
    """Starts a Python script that prints `ready` when its work begins; it is ended with the test."""
    with contextlib.ExitStack() as stack:

        def start(text):
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", text], **pipes))
            stack.callback(process.kill)
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            return process

        yield start

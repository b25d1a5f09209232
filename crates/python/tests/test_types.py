"""The declared types match the package."""

import subprocess
import sys
from pathlib import Path

USE = """
import saltmine, polars

report: saltmine.IngestReport = saltmine.ingest(["a"], to="b", partition_by="event_date")
rows: saltmine.Rows = saltmine.query("SELECT 1", "b", params={"a": 1, "b": None})
frame: polars.DataFrame = polars.DataFrame(rows)
lines: int = report.lines + saltmine.hunt("b").collect()
"""


def test_the_stubs_match_the_module():
    done = subprocess.run([sys.executable, "-m", "mypy.stubtest", "saltmine"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_type_error_is_found(tmp_path):
    (tmp_path / "use.py").write_text(USE)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", tmp_path / "use.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert '"Findings" has no attribute "collect"' in done.stdout and "1 error" in done.stdout, done.stdout


def test_the_package_declares_its_types():
    import saltmine

    assert Path(saltmine.__file__).with_name("py.typed").exists()

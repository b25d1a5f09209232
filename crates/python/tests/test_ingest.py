"""Ingests give the same dataset as the command, and a report."""

import polars
import pyarrow
import pytest

import saltmine

EVERYTHING = "SELECT * FROM logs ORDER BY log_file, log_line"


def test_the_dataset_matches_the_command(command, logs, lake, tmp_path):
    to = tmp_path / "own.lake"
    report = saltmine.ingest(logs, to)
    assert (report.lines, report.rows, report.rejects, report.blanks) == (2502, 2492, 6, 4)
    assert (report.files, report.read, report.skipped, report.problems) == (27, 27, 0, 0)
    assert not report.is_clean and report.run_id and report.seconds > 0
    for sql in (EVERYTHING, "SELECT * FROM rejects ORDER BY log_file, log_line"):
        assert command.rows(to, sql) == command.rows(lake, sql)
    command.run("verify", to, logs)


def test_the_report_has_one_row_per_file(logs, lake, tmp_path):
    report = saltmine.ingest([logs], to=str(tmp_path / "own.lake"))
    files = polars.DataFrame(report).select("log_file", "lines", "rows", "rejects", "blanks", "state", "first_time")
    ledger = saltmine.query(
        "SELECT log_file, lines, rows, rejects, blanks, state, first_time FROM sources ORDER BY log_file", lake
    )
    assert files.sort("log_file").equals(polars.DataFrame(ledger))


def test_known_content_is_skipped(attack, tmp_path):
    to = tmp_path / "own.lake"
    first = saltmine.ingest(attack, to)
    again = saltmine.ingest([attack], to)
    assert first.is_clean and first.rows > 0
    assert (again.read, again.skipped, again.rows) == (0, first.files, 0)
    assert set(pyarrow.table(again)["state"].to_pylist()) == {"skipped"}


def test_partitions_are_fixed_by_the_first_ingest(attack, tmp_path):
    to = tmp_path / "own.lake"
    saltmine.ingest(attack, to, partition_by="bucket,event_date", jobs=1)
    assert list(to.glob("logs/bucket=*/event_date=*/*.parquet")) or list(to.glob("logs/*/event_date=*/*.parquet"))
    with pytest.raises(saltmine.DatasetError, match="partitioned by"):
        saltmine.ingest(attack, to, partition_by="event_date")
    with pytest.raises(saltmine.ParameterError, match="partition_by"):
        saltmine.ingest(attack, to, partition_by="day")


def test_strict_commits_nothing(logs, tmp_path):
    to = tmp_path / "own.lake"
    with pytest.raises(saltmine.StrictError, match="6 rejected lines"):
        saltmine.ingest(logs, to, strict=True)
    assert saltmine.query("SELECT * FROM logs", to).collect().num_rows == 0


def test_progress_is_reported(corpus, tmp_path):
    calls = []
    report = saltmine.ingest(corpus, tmp_path / "own.lake", progress=lambda *numbers: calls.append(numbers))
    assert calls[-1] == (report.files, report.files, report.lines)
    assert calls == sorted(calls)


def test_an_exception_in_progress_ends_the_ingest(corpus, tmp_path):
    def fail(*_):
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        saltmine.ingest(corpus, tmp_path / "own.lake", progress=fail)
    # Committed rounds stay, and the next run completes the dataset.
    assert saltmine.ingest(corpus, tmp_path / "own.lake").lines <= 200_000
    assert saltmine.query("SELECT 1 FROM logs", tmp_path / "own.lake").collect().num_rows == 200_000

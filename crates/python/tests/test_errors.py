"""Errors become exceptions and warnings."""

import warnings

import pyarrow
import pytest

import saltmine


def test_all_errors_have_one_base_class():
    for name in ("InputError", "DatasetError", "QueryError", "ParameterError", "StrictError"):
        assert issubclass(getattr(saltmine, name), saltmine.SaltmineError)
    assert issubclass(saltmine.ParameterError, ValueError)


def test_missing_inputs(lake, attack, tmp_path):
    for inputs in (tmp_path / "nothing", [attack, tmp_path / "nothing"], [lake, attack], []):
        with pytest.raises(saltmine.InputError):
            saltmine.query("SELECT 1", inputs)
    with pytest.raises(saltmine.InputError, match="no such file"):
        saltmine.ingest(tmp_path / "nothing", tmp_path / "lake")
    with pytest.raises(saltmine.InputError, match="inventory"):
        saltmine.query("SELECT 1", attack, tables={"inventory": tmp_path / "none.csv"})
    with pytest.raises(saltmine.ParameterError, match="text"):
        saltmine.query("SELECT 1", [b"bytes"])


def test_folders_without_a_dataset(attack, tmp_path):
    (tmp_path / "other").write_text("")
    with pytest.raises(saltmine.DatasetError, match="not empty"):
        saltmine.ingest(attack, tmp_path)


@pytest.mark.parametrize(
    "sql, match",
    [
        ("SELEC 1", "line 1, column 1"),
        ("SELECT nope FROM logs", "nope"),
        ("CREATE TABLE t AS SELECT 1", "refused"),
        ("COPY logs TO '/tmp/never.parquet'", "refused"),
        ("", "no SQL statement"),
    ],
)
def test_invalid_or_refused_sql(attack, sql, match):
    with pytest.raises(saltmine.QueryError, match=match):
        saltmine.query(sql, attack)


def test_errors_while_reading_rows(attack):
    rows = saltmine.query("SELECT CAST(operation AS INT) FROM logs", attack)
    with pytest.raises(saltmine.QueryError, match="Cannot cast"):
        rows.collect()
    with pytest.raises(saltmine.QueryError, match="Cannot cast"):
        list(rows)
    # Other libraries raise their own exception, with our message.
    with pytest.raises(pyarrow.ArrowException, match="Cannot cast"):
        pyarrow.table(rows)


def test_damaged_input_is_reported(logs, lake):
    rows = saltmine.scan(logs, columns=["log_file"])
    assert rows.damaged == []
    with pytest.warns(saltmine.DamagedInputWarning, match="6 rejected lines"):
        rows.collect()
    assert sum(source["rejects"] for source in rows.damaged) == 6
    with pytest.warns(saltmine.DamagedInputWarning, match="6 rejected lines"):
        pyarrow.table(saltmine.scan(logs, columns=["log_file"]))
    with pytest.warns(saltmine.DamagedInputWarning):
        assert saltmine.hunt(logs).damaged
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        saltmine.scan(lake).collect()

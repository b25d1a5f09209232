"""Incidents, their exports, timelines and the report: the same as the command's."""

import datetime
import json
import os
from pathlib import Path

import polars
import pytest

import saltmine


@pytest.fixture(scope="session")
def hunted(command, attack):
    return json.loads(command.run("hunt", attack, "--format", "json"))


def test_incidents_match_the_command(attack, hunted):
    assert hunted["incidents"]
    assert saltmine.incidents(attack) == hunted["incidents"]


def test_an_export_matches_the_command(command, attack, hunted):
    number = hunted["incidents"][0]["number"]
    for what in ("taken", "destroyed", "changed", "rows"):
        expected = command.run("export", attack, "--incident", number, "--what", what, "--format", "ndjson")
        rows = saltmine.export(attack, incident=number, what=what).collect()
        assert len(rows) == len(expected.splitlines()), what
    rows = polars.DataFrame(saltmine.export(attack, finding="mass-delete"))
    expected = command.run("export", attack, "--finding", "mass-delete", "--format", "ndjson").splitlines()
    assert sorted(rows["request_id"]) == sorted(json.loads(line)["request_id"] for line in expected)


def test_an_unknown_incident_or_finding_is_an_error(attack):
    with pytest.raises(saltmine.ParameterError, match="numbered from 1 to"):
        saltmine.export(attack, incident=99)
    with pytest.raises(saltmine.ParameterError, match="give the number of an incident"):
        saltmine.export(attack)
    with pytest.raises(saltmine.ParameterError, match="not both"):
        saltmine.export(attack, incident=1, finding="mass-delete")
    with pytest.raises(saltmine.ParameterError, match="taken, destroyed"):
        saltmine.export(attack, incident=1, what="stolen")


def test_sessions_match_the_command(command, attack, hunted):
    requester = hunted["incidents"][0]["actors"][0]["requesters"][0]
    expected = json.loads(command.run("timeline", attack, "--requester", requester, "--idle", "10m", "--format", "json"))
    assert expected["sessions"]
    assert saltmine.timeline(attack, requester=requester, idle=datetime.timedelta(minutes=10)) == expected["sessions"]
    number = hunted["incidents"][0]["number"]
    expected = json.loads(command.run("timeline", attack, "--incident", number, "--format", "json"))
    assert saltmine.timeline(attack, incident=number) == expected["sessions"]


def test_omitted_sessions_are_counted(attack):
    with pytest.warns(UserWarning, match="later sessions left out"):
        assert len(saltmine.timeline(attack, max_sessions=1)) == 1
    with pytest.raises(saltmine.ParameterError, match="invalid address"):
        saltmine.timeline(attack, ip="ten")


def test_the_report_is_written(command, attack, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.path.dirname(command.path) + os.pathsep + os.environ["PATH"])
    page = tmp_path / "report.html"
    saltmine.report(attack, page, title="Case <7>", since="2026-01-01")
    assert "Case &lt;7&gt;" in page.read_text() or "Case &#60;7&#62;" in page.read_text()
    with pytest.raises(saltmine.SaltmineError, match="nowhere"):
        saltmine.report(tmp_path / "nowhere", page)


def test_the_report_needs_the_command(attack, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(saltmine.SaltmineError, match="not installed"):
        saltmine.report(attack, tmp_path / "report.html")
    other = tmp_path / "saltmine"
    other.write_text("#!/bin/sh\necho saltmine 0.0.1\n")
    Path(other).chmod(0o755)
    with pytest.raises(saltmine.SaltmineError, match="is not saltmine"):
        saltmine.report(attack, tmp_path / "report.html")

"""Runs a notebook in a kernel without saltmine; compares its outputs with the committed ones and its answers with saltmine's.

usage: check.py SALTMINE LAKE NOTEBOOK.py [--write]    --write stores the notebook with its outputs, once its answers are right
"""

import difflib
import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path

import make
import nbformat
from saltmine_command import Saltmine

CASES = {"notebook": "exfiltration", "notebook-ransom": "ransom"}
MAX_BYTES = 600_000


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def shown(notebook):
    """A notebook as lines to compare: sources and text unchanged, a placeholder for each picture."""
    lines = [json.dumps(notebook.metadata, sort_keys=True)]
    for cell in notebook.cells:
        lines.append(f"--- {cell.id}: {cell.cell_type}, {cell.get('execution_count')}, {dict(cell.metadata)}")
        lines += cell.source.splitlines()
        for output in cell.get("outputs", []):
            texts = dict(output.get("data", {}))
            if "text" in output:
                texts[output.name] = output.text
            if "image/png" in texts:
                texts["image/png"] = "a picture"
            for kind, text in sorted(texts.items()):
                lines += [f"{output.output_type}, {kind}, {sorted(output.get('metadata', {}))}:", *text.splitlines()]
    return lines


def check_outputs(notebook, pictures, folder):
    """Checks that the outputs have no warnings, all pictures, and nothing about the machine."""
    complaints = [output.text for output in outputs(notebook) if output.output_type == "stream" and output.name == "stderr"]
    assert not complaints, complaints
    found = sum("image/png" in output.get("data", {}) for output in outputs(notebook))
    assert found == pictures, f"{found} pictures"
    text = make.text(notebook)
    assert len(text) < MAX_BYTES, f"{len(text):,} bytes"
    for trace in (str(folder), "/tmp/", "/home/", "/root/", "/Users/"):
        assert trace not in text, f"{trace} is in the notebook"


def check_answers(name, answers, wanted, case):
    for key in sorted(answers.keys() | wanted.keys()):
        if answers.get(key) != wanted.get(key):
            sys.exit(f"{name}, {key}: the notebook has {answers.get(key)}, saltmine has {wanted.get(key)}")
    scenarios = json.loads(Path("samples/expected/attack/scenarios.json").read_text())
    (truth,) = [scenario for scenario in scenarios if scenario["scenario"] == case.SCENARIO]
    for key, value in case.story(answers).items():
        if value != truth[key]:
            sys.exit(f"{name}, {key}: the notebook found {value}, the generator wrote {truth[key]}")


def check_committed(path, notebook):
    """Checks that the committed notebook matches its script and the current outputs."""
    committed = shown(nbformat.read(path, as_version=4)) if path.exists() else []
    different = list(difflib.unified_diff(committed, shown(notebook), "committed", "executed", lineterm="", n=1))
    if different:
        print("\n".join(different[:60]))
        sys.exit(f"{path} is stale; run scripts/test-notebook --write")


assert importlib.util.find_spec("saltmine") is None, "the notebooks must do without saltmine"
program, lake, script = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
case = importlib.import_module(CASES[script.stem])
target = script.with_suffix(".ipynb")

os.environ["SALTMINE_LAKE"] = str(lake)
notebook = make.executed(script, lake.parent)
check_outputs(notebook, case.PICTURES, lake.parent)
answers = json.loads(outputs(notebook)[-1].text)
check_answers(target.name, answers, case.expected(Saltmine(program, str(lake)), lake.parent), case)
if "--write" in sys.argv:
    target.write_text(make.text(notebook))
check_committed(target, nbformat.from_dict(notebook))
print(f"{target}: outputs up to date, {len(answers)} answers match those of saltmine, and the attack is the generated one")

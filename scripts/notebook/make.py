"""Generates the notebook from the script; with --check, verifies that it is up to date: no outputs, no random ids."""

import sys
from pathlib import Path

import jupytext
import nbformat

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def made(script):
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number:02}"
        cell["metadata"] = {}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


script = Path(sys.argv[1])
target = script.with_suffix(".ipynb")
if "--check" not in sys.argv:
    target.write_text(made(script))
elif target.read_text() != made(script):
    sys.exit(f"{target} is not that of {script}; scripts/test-notebook --write makes it again")

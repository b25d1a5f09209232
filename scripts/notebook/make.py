"""Makes a notebook from its script and runs it. The result is the same on every machine, except for the pictures."""

import base64
import struct

import jupytext
import nbclient
import nbformat
from traitlets.config import Config

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
PNG = b"\x89PNG\r\n\x1a\n"
# PNG chunks with the picture itself. Others name the program that wrote it.
DRAWN = {b"IHDR", b"PLTE", b"tRNS", b"pHYs", b"IDAT", b"IEND"}


def made(script):
    """The notebook of a script, without outputs and random ids."""
    notebook = jupytext.read(script, fmt="py:percent")
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number:02}"
        cell["metadata"] = {}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return describe(notebook)


def executed(script, folder):
    """The notebook of a script with its outputs. It runs in `folder`."""
    notebook = made(script)
    # Sockets in the file system, so that no other user can reach the kernel.
    config = Config(KernelManager={"transport": "ipc", "ip": str(folder / "kernel")})
    options = {"timeout": None, "startup_timeout": 600, "record_timing": False}
    client = nbclient.NotebookClient(notebook, config=config, kernel_name="python3", **options)
    client.execute(cwd=str(folder))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["metadata"] = {}
            cell["outputs"] = [tidy(output) for output in joined(cell.outputs)]
    return describe(notebook)


def text(notebook):
    """The text of a notebook's file."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def describe(notebook):
    """The kernel by its name only, without the version of Python or anything about the machine."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    return notebook


def joined(outputs):
    """Outputs, with text that was printed in several messages joined."""
    result = []
    for output in outputs:
        before = result[-1] if result else None
        if before and output.output_type == before.output_type == "stream" and output.name == before.name:
            before["text"] += output.text
        else:
            result.append(output)
    return result


def tidy(output):
    if "metadata" in output:
        output["metadata"] = {}
    picture = output.get("data", {}).get("image/png")
    if picture:
        output["data"]["image/png"] = base64.b64encode(drawn(base64.b64decode(picture))).decode() + "\n"
    return output


def drawn(picture):
    """A PNG with only the chunks of the picture itself."""
    kept, at = [PNG], len(PNG)
    while at < len(picture):
        size, name = struct.unpack(">I4s", picture[at : at + 8])
        if name in DRAWN:
            kept.append(picture[at : at + 12 + size])
        at += 12 + size
    return b"".join(kept)

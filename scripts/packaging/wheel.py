"""Puts the command into a wheel of the Python package, so that pip installs both.

usage: wheel.py WHEEL COMMAND OUTPUT-FOLDER
"""

import base64
import hashlib
import pathlib
import sys
import zipfile


def row(name: str, content: bytes) -> str:
    """A line of RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def main(wheel: pathlib.Path, command: pathlib.Path, out: pathlib.Path) -> None:
    content = command.read_bytes()
    with zipfile.ZipFile(wheel) as old:
        (record,) = [name for name in old.namelist() if name.endswith(".dist-info/RECORD")]
        stem = record.removesuffix(".dist-info/RECORD")
        script = f"{stem}.data/scripts/{'saltmine.exe' if command.suffix == '.exe' else 'saltmine'}"
        stamp = old.getinfo(record).date_time
        with zipfile.ZipFile(out / wheel.name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
            for item in old.infolist():
                if item.filename != record:
                    # Read before the entry is changed, because the archive uses it for reading.
                    file = old.read(item)
                    item.compress_type = zipfile.ZIP_DEFLATED
                    new.writestr(item, file)
            info = zipfile.ZipInfo(script, stamp)
            # Executable by everyone.
            info.external_attr = 0o100755 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)
            rows = [line for line in old.read(record).decode().splitlines(keepends=True) if line.strip()]
            rows.insert(len(rows) - 1, row(script, content))
            info = zipfile.ZipInfo(record, stamp)
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, "".join(rows))


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))

"""Runs a command at a terminal of its own, types into it, and prints what the terminal gets.

usage: typed_at_terminal.py PIECES COMMAND…     PIECES is a JSON list of texts; each is typed once the terminal is quiet.
"""

import json
import os
import pty
import select
import sys

QUIET = 1.0  # seconds

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
pieces = json.loads(sys.argv[1])
is_begun = False
while True:
    readable, _, _ = select.select([terminal], [], [], QUIET)
    if readable:
        try:
            seen = os.read(terminal, 65536)
        except OSError:  # The last of its writers is gone.
            break
        if not seen:
            break
        is_begun = True
        sys.stdout.buffer.write(seen)
    elif is_begun and pieces:
        os.write(terminal, pieces.pop(0).encode())
sys.stdout.buffer.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)

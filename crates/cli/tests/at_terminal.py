"""Runs a command at a terminal of its own, and prints what the terminal gets. Ends as the command does.
The size of the terminal is $SCREEN, as in 24x80; without it, the terminal has none."""

import fcntl
import os
import pty
import struct
import sys
import termios

child, terminal = pty.fork()
if child == 0:
    if screen := os.environ.get("SCREEN"):
        rows, columns = map(int, screen.split("x"))
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        seen = os.read(terminal, 65536)
    except OSError:  # The last of its writers is gone.
        break
    if not seen:
        break
    sys.stdout.buffer.write(seen)
sys.stdout.buffer.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)

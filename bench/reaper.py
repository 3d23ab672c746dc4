# Runs a program and reaps its orphans at once. PID 1 of some containers reaps late, and until then kill(pid, 0) takes an
# ended daemon for a living one. Arguments: the program and its arguments.
import ctypes
import os
import signal
import sys

PR_SET_CHILD_SUBREAPER = 36

ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
program = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
# The program gets a terminal's Ctrl-C from the terminal.
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, lambda *_: os.kill(program, signal.SIGTERM))
while True:
    pid, status = os.wait()
    if pid == program:
        sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)

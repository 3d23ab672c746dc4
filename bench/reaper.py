# Runs a program, is given its orphans, and reaps these at once. Where the machine's first process does so late, whoever
# asks with kill(pid, 0) sees a daemon that has ended for seconds. Arguments: the program and its own.
import ctypes
import os
import signal
import sys

PR_SET_CHILD_SUBREAPER = 36

ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
program = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
# A terminal's Ctrl-C reaches the program by itself.
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, lambda *_: os.kill(program, signal.SIGTERM))
while True:
    pid, status = os.wait()
    if pid == program:
        sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)

# Becomes a daemon and then the server, which Node.js executes. Arguments: the pidfile, Node.js, the server and its own.
import os
import sys

import daemon
import daemon.pidfile

pid_file, *command = sys.argv[1:]
# With a time of 0 it refuses a second instance at once, where it would wait for ever.
with daemon.DaemonContext(pidfile=daemon.pidfile.TimeoutPIDLockFile(pid_file, 0)):
    os.execv(command[0], command)

# Becomes a daemon by python-daemon and executes the server. Arguments: the pidfile, Node.js, the server and its
# arguments.
import os
import sys

import daemon
import daemon.pidfile

pid_file, *command = sys.argv[1:]
# A timeout of 0 refuses a second instance at once. The default waits for ever.
with daemon.DaemonContext(pidfile=daemon.pidfile.TimeoutPIDLockFile(pid_file, 0)):
    os.execv(command[0], command)

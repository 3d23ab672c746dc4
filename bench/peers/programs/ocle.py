# A daemon of daemonocle whose worker executes the server. Arguments: the verb, the pidfile, Node.js, the server and its
# arguments.
import os
import sys

import daemonocle

verb, pid_file, *command = sys.argv[1:]
worker = daemonocle.Daemon(
    name='app', pid_file=pid_file, stop_timeout=1, worker=lambda: os.execv(command[0], command)
)
if verb == 'stop':
    worker.stop(force=True)
elif verb == 'restart':
    worker.restart(force=True)
elif verb == 'status':
    # These fields alone: the share of the processor would take a second to measure.
    worker.status(json=True, fields='name,pid,status')
else:
    worker.start()

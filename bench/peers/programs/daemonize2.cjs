// A controller as in daemonize2's README. Arguments: the module, the verb, the stopTimeout, the pidfile, the server and
// its arguments.
const [module_, verb, stopTimeout, pidfile, main, ...argv] = process.argv.slice(2)
const options = { main, name: 'app', pidfile, argv, silent: true, stopTimeout: Number(stopTimeout) }
const daemon = require(module_).setup(options)

if (verb === 'status') process.exitCode = daemon.status() === 0 ? 1 : 0
else
  daemon[verb]((error) => {
    if (!error) return
    console.error(error)
    process.exitCode = 1
  })

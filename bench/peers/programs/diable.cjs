// Starts the server by diable. Arguments: diable's module, the server and the server's arguments.
const [module_, script, ...args] = process.argv.slice(2)

require(module_).daemonize(script, args)

// Arguments: diable's module, the server and its own.
const [module_, script, ...args] = process.argv.slice(2)

require(module_).daemonize(script, args)

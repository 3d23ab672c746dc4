// Starts the server by daemonize-process. Arguments: the URL of its module, the server and the server's arguments.
const [url, script, ...args] = process.argv.slice(2)
const { daemonizeProcess } = await import(url)

daemonizeProcess({ script, arguments: args })

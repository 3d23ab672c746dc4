// Arguments: the URL of daemonize-process's module, the server and its own.
const [url, script, ...args] = process.argv.slice(2)
const { daemonizeProcess } = await import(url)

daemonizeProcess({ script, arguments: args })

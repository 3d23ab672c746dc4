// Prints how long the import of its argument takes, in milliseconds.
const begin = performance.now()
await import(process.argv[2])
process.stdout.write(String(performance.now() - begin))

// A large server: Express, and the 300 modules of date-fns, of which it needs a few. It is copied to where these are.
// Argument: the record of when it began to listen, as `peers/app.cjs` has it.
const { appendFileSync } = require('node:fs')
const { format } = require('date-fns')
const express = require('express')

const app = express()
app.get('/', (_request, response) => response.send(format(new Date(), 'yyyy-MM-dd')))
app.listen(0, '127.0.0.1', () =>
  appendFileSync(process.argv[2], `${process.pid} ${process.hrtime.bigint()}\n`),
)

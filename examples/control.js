// Controls plain.js: `node examples/control.js start|stop|restart|reload|status`.
import { Daemon } from 'daimon'

const plain = new Daemon({
  name: 'plain',
  script: new URL('plain.js', import.meta.url),
  log: 'plain.log',
  signals: { SIGUSR2: 'reopen' },
})

const verb = process.argv[2] ?? 'status'
if (!['start', 'stop', 'restart', 'reload', 'status'].includes(verb)) throw new Error(`no such verb: ${verb}`)
console.log((await plain[verb]()) ?? 'done')

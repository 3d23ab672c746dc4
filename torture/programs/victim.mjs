// One that uses a daemon, and is killed or stopped at a step of the package. Arguments: the verb, and the settings as
// JSON. Prints what has come of it.
import { daemonOf } from '../lib/daemon.js'

const [verb, text] = process.argv.slice(2)
const { facade, target } = JSON.parse(text)
const { Daemon } = await import(facade)
const daemon = daemonOf(Daemon, target, verb === 'foreground')
try {
  if (verb === 'foreground') await daemon.foreground()
  else if (verb === 'connect') (await daemon.connect()).on('error', () => {}).destroy()
  else await daemon[verb]()
  console.log('done')
} catch (error) {
  console.log(error.code ?? error.stack)
}

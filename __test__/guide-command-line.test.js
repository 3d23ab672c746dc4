// The example of docs/command-line.md.
import { PLAIN } from './helpers/cli.js'
import { guide } from './helpers/guides.js'
import { content, until } from './helpers/index.js'

const commandLine = guide('docs/command-line.md')

commandLine('greeter.js has the verbs of the command', ['greeter.js'], async (t, place) => {
  const run = (...args) => place.node(['greeter.js', ...args], { env: PLAIN })
  t.is((await run('start', 'Hi')).code, 0)
  await until(() => content(place.file('greeter.log'))?.includes('Hi\n'), 'the greeting')
  t.is((await run('stop')).stderr, 'greeter has stopped\n')
})

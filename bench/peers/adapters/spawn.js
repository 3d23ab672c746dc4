import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { NODE, PATIENCE, program, server } from './words.js'

/** Node's `spawn` with `detached`, without any package. The others are measured against it. */
const bare = (name, execArgv) => ({
  name,
  from: {},
  api: () => {
    const children = new Map()
    return {
      async start(app) {
        const child = spawn(NODE, [...execArgv, ...server(app)], { detached: true, stdio: 'ignore' })
        child.unref()
        children.set(app.name, child)
        await once(child, 'spawn')
      },
      /** By hand: SIGTERM, the wait, SIGKILL. */
      async stop(app) {
        const child = children.get(app.name)
        if (child.exitCode !== null || child.signalCode !== null) return
        const exit = once(child, 'exit')
        child.ref()
        child.kill('SIGTERM')
        const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
        await exit
        clearTimeout(timer)
      },
    }
  },
})

export const spawned = bare('spawn', [])

export const preloaded = bare('spawn, empty --require', ['--require', program('empty.cjs')])

export const script = {
  name: 'spawn, as a script',
  from: {},
  commands: { start: (_place, app) => [NODE, program('spawn.mjs'), ...server(app)] },
}

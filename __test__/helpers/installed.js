/** Programs that have installed the package from the test's registry, in an empty folder and without any compiler. */

import { existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { installNode } from '../../scripts/lib/nodes.js'
import { tool, toolFile } from '../../scripts/release/tools.js'
import { examples } from './guides.js'
import { folder, freePort, until } from './index.js'

const { DAIMON_REGISTRY, DAIMON_NPMRC } = process.env

/** The script of each package manager's command; npm's is the one that runs these tests. */
const MANAGERS = {
  npm: () => realpathSync(join(dirname(process.execPath), 'npm')),
  // Its command is a native program, where its own install script may put one.
  pnpm: () => toolFile('pnpm', 'bin/pnpm.mjs'),
  yarn: () => tool('@yarnpkg/cli-dist', 'yarn'),
}

const YARNRC = (linker) => `
nodeLinker: ${linker}
npmRegistryServer: "${DAIMON_REGISTRY}"
unsafeHttpWhitelist: ["127.0.0.1"]
enableGlobalCache: false
enableTelemetry: false
npmMinimalAgeGate: 0
`

/** What package managers need to run a command. */
function basics(place) {
  const bin = place.file('bin')
  mkdirSync(bin)
  for (const name of ['sh', 'env'])
    symlinkSync(['/bin', '/usr/bin'].map((path) => join(path, name)).find(existsSync), join(bin, name))
  return bin
}

/**
 * An empty project on a Node release line: `manager(name, ...args)` runs a package manager there, `node(...args)`
 * that Node.
 * On PATH are that Node and a shell: no compiler, no cargo, no other Node.
 */
export async function project(t, { major = '22', linker = 'node-modules' } = {}) {
  const place = folder(t)
  const node = await installNode(major)
  const env = {
    PATH: [dirname(node), basics(place)].join(delimiter),
    HOME: place.file('home'),
    XDG_RUNTIME_DIR: place.path,
    TMPDIR: place.path,
    COREPACK_ENABLE_AUTO_PIN: '0',
    // What an enclosing npm or CI has set would lead elsewhere.
    ...Object.fromEntries(
      Object.keys(process.env)
        .filter((name) => /^(npm_|CI$|INIT_CWD)/i.test(name))
        .map((name) => [name, undefined]),
    ),
  }
  place.write('home/.npmrc', DAIMON_NPMRC)
  place.write('.npmrc', DAIMON_NPMRC)
  place.write('.yarnrc.yml', YARNRC(linker))
  place.write('package.json', '{ "name": "app", "private": true, "type": "module" }')
  const run = (...args) => place.command(node, args, { env })
  return {
    ...place,
    env,
    node: run,
    async manager(name, ...args) {
      const { code, stdout, stderr } = await run(MANAGERS[name](), ...args)
      t.is(code, 0, `${name} ${args.join(' ')}: ${stdout}${stderr}`)
      return stdout
    },
  }
}

const [, EXAMPLE] = examples('README.md').entries().next().value

/** README's first example, by these commands: it serves, is seen by `daimon`, and is stopped. */
export async function serves(t, app, { start, daimon }) {
  const port = await freePort()
  app.write(
    'hello.js',
    EXAMPLE.replace('8080', String(port)).replace("name: 'hello'", "pidFile: 'hello.pid'"),
  )
  const started = await start('hello.js')
  t.is(started.code, 0, started.stderr)
  const answer = await fetch(`http://127.0.0.1:${port}`).then((response) => response.text())
  const pid = Number(/^Hello from (\d+)\n$/.exec(answer)?.[1])
  const status = await daimon('status', '--pid-file', 'hello.pid', '--json')
  t.is(JSON.parse(status.stdout).pid, pid, status.stderr)
  const stopped = await daimon('stop', '--pid-file', 'hello.pid')
  t.is(stopped.code, 0, stopped.stderr)
  await until(() => app.processes().length === 0, 'nothing is left')
}

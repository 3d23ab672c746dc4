// The published packages, installed by the other package managers.
import { existsSync, readdirSync } from 'node:fs'
import test from 'ava'
import { project, serves } from '../helpers/installed.js'

// This pnpm does not support older release lines.
for (const major of ['22', '24']) {
  test(`pnpm on Node ${major}`, async (t) => {
    const app = await project(t, { major })
    await app.manager('pnpm', 'add', 'daimon', '--store-dir', app.file('store'))
    const bin = app.file('node_modules/daimon/dist/bin.js')
    await serves(t, app, { start: (file) => app.node(file), daimon: (...args) => app.node(bin, ...args) })
    const platform = readdirSync(app.file('node_modules/.pnpm')).filter((name) => name.startsWith('daimon-'))
    t.is(platform.length, 1, String(platform))
  })
}

for (const major of ['20', '24']) {
  test(`yarn with node_modules on Node ${major}`, async (t) => {
    const app = await project(t, { major })
    await app.manager('yarn', 'add', 'daimon')
    const bin = app.file('node_modules/.bin/daimon')
    await serves(t, app, { start: (file) => app.node(file), daimon: (...args) => app.node(bin, ...args) })
  })

  test(`yarn with Plug'n'Play on Node ${major}`, async (t) => {
    const app = await project(t, { major, linker: 'pnp' })
    await app.manager('yarn', 'add', 'daimon')
    t.false(existsSync(app.file('node_modules')))
    await serves(t, app, {
      start: async (file) => ({ code: 0, stdout: await app.manager('yarn', 'node', file) }),
      daimon: async (...args) => ({ code: 0, stdout: await app.manager('yarn', 'daimon', ...args) }),
    })
  })
}

/** Copies of the package, installed in a test's folder, and copies that differ in one number. */

import { chmodSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, ROOT } from './index.js'

/** A folder that has the package installed. */
export function install(t) {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  for (const name of ['package.json', 'dist', 'native'])
    cpSync(join(ROOT, name), place.file(`node_modules/daimon/${name}`), { recursive: true })
  return place
}

/** Two copies of the package: `daimon` and `copy`. */
export function installTwice(t) {
  const place = install(t)
  cpSync(place.file('node_modules/daimon'), place.file('node_modules/copy'), { recursive: true })
  return place
}

/** Gives a constant of the package's another value, in each of these files. */
export function setNumber(t, place, name, value, { copy = 'daimon', files = scriptsOf(place, copy) } = {}) {
  for (const file of files) {
    const path = `node_modules/${copy}/dist/${file}`
    const text = place.read(path)
    const pattern = new RegExp(`\\bvar ${name}=\\d+;`, 'g')
    t.is(text.match(pattern)?.length, 1, `${name} in ${path}`)
    place.write(path, text.replace(pattern, `var ${name}=${value};`))
  }
}

/** Gives a copy another version, of the same length, in its scripts and its binding. Gives that version. */
export function setVersion(place, copy) {
  const path = (name) => place.file(`node_modules/${copy}/${name}`)
  const { version } = JSON.parse(readFileSync(path('package.json'), 'utf8'))
  const other = version.replace(/\d$/, (digit) => (Number(digit) + 1) % 10)
  const files = ['dist', 'native'].flatMap((folder) =>
    readdirSync(path(folder)).map((name) => `${folder}/${name}`),
  )
  for (const name of ['package.json', ...files.filter((name) => /\.(c?js|node)$/.test(name))]) {
    // As bytes: a binary is no text.
    writeFileSync(path(name), readFileSync(path(name), 'latin1').replaceAll(version, other), 'latin1')
  }
  return other
}

/** The bundles that are loaded as they are. */
function scriptsOf(place, copy) {
  const names = readdirSync(place.file(`node_modules/${copy}/dist`))
  return names.filter((name) => ['index.js', 'preload.cjs'].includes(name))
}

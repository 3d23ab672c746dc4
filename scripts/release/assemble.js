// assemble.js [--host]: puts the packages together in npm/ from dist/ and from the binaries of the cross build; with
// --host this machine's platform only, from its own build in native/. Nothing is written outside npm/.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { NapiCli } from '@napi-rs/cli'
import { root } from '../lib/run.js'
import { binaries, packages, targets } from './targets.js'

const json = (file) => JSON.parse(readFileSync(file, 'utf8'))
const write = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)

/** npm's provenance wants the address of the repository that publishes. */
const { GITHUB_REPOSITORY: repo } = process.env
const repository = repo && { repository: { type: 'git', url: `git+https://github.com/${repo}.git` } }

/** The root's package: what a user needs of package.json, and the platforms' packages at exactly this version. */
function assembleRoot() {
  const { scripts, devDependencies, allowScripts, napi, ...manifest } = json(join(root, 'package.json'))
  const folder = join(packages, manifest.name)
  const optionalDependencies = Object.fromEntries(targets.map((target) => [target.package, manifest.version]))
  // In a checkout the binary lies beside; published, it is the platform's package.
  const files = manifest.files.filter((name) => !name.startsWith('native'))
  for (const name of files) cpSync(join(root, name), join(folder, name), { recursive: true })
  // A daemon's Node loads a file of the package before Plug'n'Play could show it what is inside a zip.
  const preferUnplugged = true
  write(join(folder, 'package.json'), {
    ...manifest,
    files,
    ...repository,
    preferUnplugged,
    optionalDependencies,
  })
}

/** napi has made the folder; the binary, the licence, and what PnP has to know are still to come. */
function assemblePlatform(target, from) {
  const folder = join(packages, target.name)
  const file = join(folder, 'package.json')
  cpSync(join(from, target.binary), join(folder, target.binary))
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  write(file, { ...json(file), ...repository, preferUnplugged: true })
}

const { values } = parseArgs({ options: { host: { type: 'boolean', default: false } } })
const from = values.host ? join(root, 'native') : binaries
const chosen = targets.filter(({ binary }) => !values.host || existsSync(join(from, binary)))
const missing = chosen.filter(({ binary }) => !existsSync(join(from, binary)))

if (chosen.length === 0 || missing.length > 0) {
  const names = missing.map(({ binary }) => binary).join(' ')
  console.error(`release: ${from} lacks ${names || 'a binary for this machine'}: build first`)
  process.exitCode = 1
} else {
  const made = (name) => name !== 'README.md'
  mkdirSync(packages, { recursive: true })
  for (const name of readdirSync(packages).filter(made)) rmSync(join(packages, name), { recursive: true })
  await new NapiCli().createNpmDirs({ cwd: root, npmDir: 'npm' })
  assembleRoot()
  for (const target of chosen) assemblePlatform(target, from)
  for (const { name } of targets.filter((target) => !chosen.includes(target))) {
    rmSync(join(packages, name), { recursive: true })
  }
}

// assemble.js [--host]: puts the packages together in npm/, from dist/ and the binaries of the cross build. With --host
// it makes this machine's platform package only, from native/. It writes only to npm/.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../lib/run.js'
import { binaries, KEEPER, keeperOf, packages, targets } from './targets.js'

const json = (file) => JSON.parse(readFileSync(file, 'utf8'))
const write = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)

/** The address of the repository that publishes, which npm's provenance needs. */
const { GITHUB_REPOSITORY: repo } = process.env
const repository = repo && { repository: { type: 'git', url: `git+https://github.com/${repo}.git` } }

/** Makes the root's package: package.json without its development part, and with the platforms' exact versions. */
function assembleRoot() {
  const { scripts, devDependencies, allowScripts, napi, ...manifest } = json(join(root, 'package.json'))
  const folder = join(packages, manifest.name)
  const optionalDependencies = Object.fromEntries(targets.map((target) => [target.package, manifest.version]))
  // In a checkout the binary is in native/; in a release it is in the platform's package.
  const files = manifest.files.filter((name) => !name.startsWith('native'))
  for (const name of files) cpSync(join(root, name), join(folder, name), { recursive: true })
  // Unplugged, because a daemon's Node loads a file of the package before Plug'n'Play can read from a zip.
  const preferUnplugged = true
  write(join(folder, 'package.json'), {
    ...manifest,
    files,
    ...repository,
    preferUnplugged,
    optionalDependencies,
  })
}

/** What a platform's package has of the root's manifest. */
function inherited({ version, description, keywords, author, license, engines }) {
  return { version, description, keywords, author, license, engines }
}

/** The path of the platform's keeper; undefined where there is none. */
function keeperIn(from, target) {
  const file = keeperOf(target)
  return file && join(from, values.host ? KEEPER : file)
}

/**
 * Makes a platform's package: the binary, the keeper, the licence, and a manifest by which npm takes it on that
 * platform only.
 */
function assemblePlatform(target, from) {
  const { triple, name, package: packageName, platform, arch, libc, binary } = target
  const folder = join(packages, name)
  mkdirSync(folder)
  cpSync(join(from, binary), join(folder, binary))
  const keeper = keeperIn(from, target)
  if (keeper !== undefined) cpSync(keeper, join(folder, KEEPER))
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  const about = `# \`${packageName}\`\n\nThis is the **${triple}** binary for \`daimon\`\n`
  writeFileSync(join(folder, 'README.md'), about)
  write(join(folder, 'package.json'), {
    name: packageName,
    ...inherited(json(join(root, 'package.json'))),
    os: [platform],
    cpu: [arch],
    ...(libc && { libc: [libc === 'gnu' ? 'glibc' : libc] }),
    main: binary,
    files: keeper === undefined ? [binary] : [binary, KEEPER],
    ...repository,
    preferUnplugged: true,
  })
}

const { values } = parseArgs({ options: { host: { type: 'boolean', default: false } } })
const from = values.host ? join(root, 'native') : binaries
const chosen = targets.filter(({ binary }) => !values.host || existsSync(join(from, binary)))
const isMissing = (path) => path !== undefined && !existsSync(path)
const missing = chosen.filter(
  (target) => isMissing(join(from, target.binary)) || isMissing(keeperIn(from, target)),
)

if (chosen.length === 0 || missing.length > 0) {
  const names = missing.map(({ binary }) => binary).join(' ')
  console.error(`release: ${from} lacks ${names || 'a binary for this machine'}, or its keeper: build first`)
  process.exitCode = 1
} else {
  const made = (name) => name !== 'README.md'
  mkdirSync(packages, { recursive: true })
  for (const name of readdirSync(packages).filter(made)) rmSync(join(packages, name), { recursive: true })
  assembleRoot()
  for (const target of chosen) assemblePlatform(target, from)
}

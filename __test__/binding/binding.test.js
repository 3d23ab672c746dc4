// The native binding where it is missing, damaged or another one's: the import works, the first use says what to do.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { PLATFORMS } from '../../build/binding/load.js'
import { targets } from '../../scripts/release/targets.js'
import { folder, ROOT } from '../helpers/index.js'

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const BINARY = readdirSync(join(ROOT, 'native')).find((name) => name.endsWith('.node'))
const HOST = BINARY.split('.')[1]

const PROGRAM = `
import { Daemon } from 'daimon'
console.log('imported')
const { code, feature, message } = await new Daemon({ pidFile: 'a.pid' }).status().then(String, (error) => error)
console.log(JSON.stringify({ code, feature, message }))
`

/** An installed package, with its platform's unless `binary` is false; `tell` runs the program and reads its answer. */
function install(t, { binary = true, below = '.' } = {}) {
  const place = folder(t)
  const modules = place.file(`${below}/node_modules`)
  const installed = join(modules, 'daimon')
  for (const name of ['package.json', 'dist'])
    cpSync(join(ROOT, name), join(installed, name), { recursive: true })
  const platform = join(modules, `daimon-${HOST}`)
  if (binary) {
    mkdirSync(platform)
    cpSync(join(ROOT, 'native', BINARY), join(platform, BINARY))
    writeFileSync(join(platform, 'package.json'), JSON.stringify({ version, main: BINARY }))
  }
  place.write(`${below}/main.mjs`, PROGRAM)
  const tell = async (...flags) => {
    const { stdout, stderr, code } = await place.node([...flags, 'main.mjs'], { cwd: place.file(below) })
    t.is(stderr, '')
    t.is(code, 0)
    const [imported, answer] = stdout.trimEnd().split('\n')
    t.is(imported, 'imported')
    return JSON.parse(answer)
  }
  return { place, installed, file: join(platform, BINARY), tell }
}

const UNSUPPORTED = { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'native binding' }

test("the platform's package serves", async (t) => {
  const { tell } = install(t)
  t.deepEqual(await tell(), {})
})

test('without the optional package an error names it and says how to get it', async (t) => {
  const { message, ...rest } = await install(t, { binary: false }).tell()
  t.deepEqual(rest, UNSUPPORTED)
  t.true(
    message.startsWith(
      `No native part of daimon ${version} works here (${process.platform} ${process.arch}, `,
    ),
  )
  t.regex(message, new RegExp(`\\n {2}daimon-${HOST} is not installed\\n`))
  t.regex(message, /npm install --include=optional/)
  t.regex(message, new RegExp(`Node ${process.versions.node}\\)`))
})

for (const size of [0, 64, 4_096, 100_000, -4_096]) {
  test(`a binary that is cut short is not loaded, which would be death (${size} bytes)`, async (t) => {
    const { file, tell } = install(t)
    const { length } = readFileSync(file)
    truncateSync(file, size < 0 ? length + size : size)
    const { message, ...rest } = await tell()
    t.deepEqual(rest, UNSUPPORTED)
    t.regex(
      message,
      new RegExp(
        `\\n {2}${file} is damaged: part of it is missing, or it is no binary at all\\nInstall it anew, `,
      ),
    )
  })
}

test('a binary whose end is zeros is not loaded either', async (t) => {
  const { file, tell } = install(t)
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.fill(0, bytes.length - 4_096))
  t.regex((await tell()).message, / is damaged: /)
})

test('a package without its binary is damaged, not missing', async (t) => {
  const { file, tell } = install(t)
  rmSync(file)
  t.regex(
    (await tell()).message,
    new RegExp(`\\n {2}the package daimon-${HOST} is damaged: .*\\nInstall it anew`),
  )
})

test('a file of another kind is damaged', async (t) => {
  const { file, tell } = install(t)
  writeFileSync(file, 'x'.repeat(10_000))
  t.regex((await tell()).message, / is damaged: .* or it is no binary at all\nInstall it anew/)
})

test('what has to be allowed first is said', async (t) => {
  const { tell } = install(t)
  const { message } = await tell('--no-addons')
  t.regex(message, / cannot be loaded: .*\nNode\.js has been started without addons: leave --no-addons out/)
})

test('the name of the folder has no say in what is told', async (t) => {
  for (const below of ['app-musl', 'app-gnu']) {
    const { file, tell } = install(t, { below })
    truncateSync(file, 100)
    const { message } = await tell()
    t.true(message.includes(`\n  ${file} is damaged: `), message)
  }
})

test('a binary of another version is refused', async (t) => {
  const { installed, file, tell } = install(t)
  const facade = join(installed, 'dist/index.js')
  const text = readFileSync(facade, 'utf8')
  writeFileSync(facade, text.replaceAll(`"${version}"`, '"98.7.6"'))
  const { message, ...rest } = await tell()
  t.deepEqual(rest, UNSUPPORTED)
  t.regex(message, new RegExp(`\\n {2}${file} is of version ${version}\\n.*npm install daimon@98\\.7\\.6$`))
})

test('a binary that the system refuses is reported with its reason', async (t) => {
  const { file, tell } = install(t)
  // What kind of ELF or Mach-O file it is: an object, a library.
  const bytes = readFileSync(file)
  bytes[process.platform === 'linux' ? 16 : 12] = 0x1f
  writeFileSync(file, bytes)
  const { message, ...rest } = await tell()
  t.deepEqual(rest, UNSUPPORTED)
  t.regex(message, new RegExp(`\\n {2}${file} cannot be loaded: .+\\nInstall it anew, on this platform`))
})

for (const platform of ['aix', 'freebsd']) {
  test(`on ${platform} the package can be imported, and says where it runs`, async (t) => {
    const pretend = `Object.defineProperty(process, 'platform', { value: '${platform}' })`
    const { message, ...rest } = await install(t).tell(
      '--import',
      `data:text/javascript,${encodeURIComponent(pretend)}`,
    )
    t.deepEqual(rest, UNSUPPORTED)
    t.regex(
      message,
      new RegExp(`\\(${platform} ${process.arch}, Node .*there is none for this platform\\n`, 's'),
    )
    t.regex(message, /runs on Linux \(glibc from 2\.17, or musl\), macOS and Windows, on x64 and arm64\.$/)
  })
}

test('what is loaded, built and audited is for the same platforms', (t) => {
  t.is(targets.length, 8)
  t.deepEqual(Object.values(PLATFORMS).flat().sort(), targets.map(({ name }) => name).sort())
  for (const { name, binary, ...target } of targets) {
    t.is(binary, `daimon.${name}.node`)
    t.is(target.package, `daimon-${name}`)
  }
  const denied = /targets = \[([^\]]+)\]/.exec(readFileSync(join(ROOT, 'deny.toml'), 'utf8'))[1]
  const triples = [...denied.matchAll(/"([^"]+)"/g)].map(([, triple]) => triple)
  t.deepEqual(triples.sort(), targets.map(({ triple }) => triple).sort())
})

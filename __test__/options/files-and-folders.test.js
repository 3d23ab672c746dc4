// What the system says to the files and folders that options name, and the default folder.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { checkOptions } from '../../build/options/check.js'
import { makeDefaultFolder } from '../../build/options/default-folder.js'
import { isRoot, valid } from '../helpers/options.js'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'daimon-options-')))

test.after.always(() => rmSync(folder, { recursive: true, force: true }))

test('the system has nothing against paths that are there', (t) => {
  t.notThrows(() => checkOptions(valid({ script: import.meta.url, cwd: pathToFileURL(folder) })))
})

const file = join(folder, 'file')

writeFileSync(file, '', { mode: 0o644 })

const ASKED = [
  [{ script: join(folder, 'none') }, 'script', 'ENOENT'],
  [{ script: join(file, 'none') }, 'script', 'ENOTDIR'],
  [{ script: folder }, 'script'],
  [{ script: '/dev/null' }, 'script'],
  [{ cwd: join(folder, 'none') }, 'cwd', 'ENOENT'],
  [{ cwd: file }, 'cwd'],
  [{ script: file, execPath: join(folder, 'none') }, 'execPath', 'ENOENT'],
  [{ script: file, execPath: folder }, 'execPath'],
  [{ script: file, execPath: file }, 'execPath', 'EACCES'],
]

for (const [options, option, code] of ASKED) {
  test(`a start is refused for ${JSON.stringify(options).replaceAll(folder, '')}`, (t) => {
    const error = t.throws(() => checkOptions(valid(options)), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.is(error.option, option)
    t.is(error.value, options[option])
    t.true(error.message.includes(options[option]))
    t.is(error.cause?.code, code)
  })
}

const made = (path, options = {}) => {
  makeDefaultFolder({ pidFile: join(path, 'x.pid'), defaultFolder: path, ...options })
  return statSync(path).mode & 0o7777
}

test.serial('the default folder and its parents are made with their modes under any umask', (t) => {
  const mode = isRoot ? 0o755 : 0o700
  for (const umask of [0, 0o022, 0o777]) {
    const before = process.umask(umask)
    try {
      t.is(made(join(folder, `m${umask}/a/b`)), mode)
    } finally {
      process.umask(before)
    }
    for (const path of [`m${umask}`, `m${umask}/a`]) t.is(statSync(join(folder, path)).mode & 0o7777, mode)
  }
})

test('a default folder that exists keeps its mode', (t) => {
  const path = join(folder, 'kept')
  mkdirSync(path)
  chmodSync(path, 0o711)
  t.is(made(path), 0o711)
})

test('without a default folder nothing is made', (t) => {
  makeDefaultFolder(valid({ pidFile: join(folder, 'never/x.pid') }))
  t.throws(() => statSync(join(folder, 'never')), { code: 'ENOENT' })
})

test('a default folder that cannot be made is a PidFileError with the reason of the system', (t) => {
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
  for (const [path, code] of [
    ['file/a', 'ENOTDIR'],
    ['dangling/a', 'ENOENT'],
  ]) {
    const error = t.throws(() => made(join(folder, path)), { code: 'ERR_DAEMON_PIDFILE' })
    t.is(error.reason, 'missing-directory')
    t.is(error.pidFile, join(folder, path, 'x.pid'))
    t.is(error.cause.code, code)
  }
})

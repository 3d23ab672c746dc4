// Exchanges a pidfile, and the folders above it, for what an attacker or an accident may put there, until its parent
// disconnects. Arguments: the seed, and settings as JSON. Tells its parent how often, and what.
const fs = require('node:fs')
const { spawnSync } = require('node:child_process')
const { dirname, join } = require('node:path')

const [seed, text] = process.argv.slice(2)
// targets: files that links point to. linked: those that get hard links. folders: folders that links in the place of
// the pidfile's folders point to.
const { pidFile, levels, targets, linked, folders, dangling, strangers } = JSON.parse(text)
const NOBODY = 65_534
const isRoot = process.geteuid() === 0

let random
let count = 0
const done = {}
const asleep = new Int32Array(new SharedArrayBuffer(4))
const pause = (milliseconds) => Atomics.wait(asleep, 0, 0, milliseconds)
const fresh = () => join(dirname(pidFile), `x-${process.pid}-${count}`)

const file =
  (content, mode = 0o600) =>
  (path) => {
    fs.writeFileSync(path, content, { mode, flag: 'wx' })
    fs.chmodSync(path, mode)
  }
const stranger = () => random.pick(strangers)
const content = (make) => (path) => file(make())(path)

const KINDS = {
  missing: undefined,
  empty: file(''),
  text: file('remember the milk\n'),
  '-1': file('-1'),
  0: file('0\n'),
  1: file('1\n'),
  'a PID': content(() => `${stranger()}\n`),
  'a PID without newline': content(() => `${stranger()}`),
  'minus a PID': content(() => `-${stranger()}\n`),
  'a PID with CRLF': content(() => `${stranger()}\r\n`),
  'a PID with NUL': content(() => `${stranger()}\0`),
  '2^31': file(`${2 ** 31}\n`),
  '2^32+1': file(`${2 ** 32 + 1}\n`),
  NULs: file('\0\0\0\0'),
  'a megabyte': file('1'.repeat(2 ** 20)),
  'world-writable': (path) => file(`${stranger()}\n`, 0o666)(path),
  link: (path) => fs.symlinkSync(random.pick(targets), path),
  'dangling link': (path) => fs.symlinkSync(random.pick(dangling), path),
  'hard link': (path) => fs.linkSync(random.pick(linked), path),
  'link to itself': (path) => fs.symlinkSync('a.pid', path),
  FIFO: (path) => fs.renameSync(stocked('FIFO', 'mkfifo "$f"'), path),
  folder: (path) => fs.mkdirSync(path),
  device: (path) => fs.renameSync(stocked('device', 'mknod "$f" c 1 3'), path),
  'foreign owner': (path) => {
    file(`${stranger()}\n`)(path)
    fs.chownSync(path, NOBODY, NOBODY)
  },
}

/** A folder in its place is empty. */
function remove(path) {
  try {
    fs.unlinkSync(path)
  } catch (error) {
    if (error.code === 'EISDIR' || error.code === 'EPERM') fs.rmdirSync(path)
    else if (error.code !== 'ENOENT') throw error
  }
}

const stock = {}

/** A file that a command has made: twenty at once, because a process takes longer than an exchange. */
function stocked(kind, command) {
  stock[kind] ??= []
  if (stock[kind].length === 0) {
    const paths = Array.from({ length: 20 }, (_, index) => `${fresh()}-${kind}-${index}`)
    const { status } = spawnSync('sh', ['-ec', `for f; do ${command}; done`, 'sh', ...paths], {
      stdio: 'ignore',
    })
    if (status !== 0) throw new Error(command)
    stock[kind] = paths
  }
  return stock[kind].pop()
}

/** Makes it beside, and puts it in the pidfile's place in one step, or in two. */
function exchangeFile(kind) {
  const path = fresh()
  try {
    KINDS[kind]?.(path)
    if (random.int(3) === 0 || kind === 'missing' || kind === 'folder') {
      remove(pidFile)
    }
    if (kind !== 'missing') fs.renameSync(path, pidFile)
  } finally {
    remove(path)
  }
}

/** Puts a link in a folder's place, and after a moment the folder again. */
function exchangeFolder(level) {
  const aside = `${level}-aside`
  fs.renameSync(level, aside)
  try {
    fs.symlinkSync(random.pick([aside, ...folders]), level)
    pause(random.int(3))
    fs.unlinkSync(level)
  } finally {
    fs.renameSync(aside, level)
  }
}

const names = Object.keys(KINDS).filter((name) => isRoot || !['device', 'foreign owner'].includes(name))

function exchange(wanted) {
  const isFolder = wanted === undefined && levels.length > 0 && random.int(4) === 0
  const kind = isFolder ? 'a folder by a link' : (wanted ?? random.pick(names))
  try {
    if (isFolder) exchangeFolder(random.pick(levels))
    else exchangeFile(kind)
    count++
    done[kind] = (done[kind] ?? 0) + 1
  } catch (error) {
    if (error.code === undefined) throw error
    // Another has exchanged it at the same time; or a user may not link to root's file.
  }
}

async function all() {
  const { randomOf } = await import('../lib/random.js')
  random = randomOf(Number(seed))
  let isOver = false
  process.on('message', () => {
    isOver = true
  })
  while (!isOver) {
    for (let round = 0; round < 20; round++) {
      exchange()
      // Some at once, some apart.
      if (round % 4 === 3) pause(1 + random.int(5))
    }
    // Sometimes long enough for a start to succeed.
    if (random.int(8) === 0) {
      if (random.int(2) === 0) exchange('missing')
      pause(random.int(400))
    }
    await new Promise(setImmediate)
  }
  process.send({ count, done }, () => process.disconnect())
}

void all()

// The body of a daemon with a keeper: it serves its PID. It keeps a journal of its life, and of those that it meets and
// must not: another body of its generation and instance, and any of another keeper. Arguments: the folder of the
// records, the port of 127.0.0.1, and how many megabytes it has, so that its end takes longer.
const { readdirSync, readFileSync, statSync } = require('node:fs')
const { createServer } = require('node:http')
const { join } = require('node:path')
const { statOf } = require('../../scripts/lib/stat.cjs')
const { isAlone } = require('./alone.cjs')
const { born, journal } = require('./journal.cjs')

const [folder, port, weight] = process.argv.slice(2)
const keeper = process.ppid

/** What the keeper has executed this process with: `GENERATION.INSTANCE`. */
const [, place] = /DAIMON_ADOPTION=3:\d+:\d+:\d:([\d.]+):/.exec(readFileSync('/proc/self/environ', 'latin1'))

/** Whether it runs code of its own: a process that is ending loses its descriptors first. */
function lives({ pid, born: since }) {
  const stat = statOf(pid)
  if (stat === undefined || stat.born !== since || (/^[ZX]/.test(stat.state) && stat.threads <= 1))
    return false
  try {
    return readdirSync(`/proc/${pid}/fd`).length > 0
  } catch {
    return false
  }
}

function earlier() {
  try {
    return readFileSync(join(folder, 'journal'), 'utf8').trim().split('\n').map(JSON.parse)
  } catch {
    return []
  }
}

const { dev, ino } = statSync(folder)
if (!isAlone(`${dev}-${ino}-${place}`)) journal(folder, 'overlap', { place })
const others = earlier().filter((life) => life.what === 'begin' && life.keeper !== keeper && lives(life))
for (const { pid } of others) journal(folder, 'overlap', { place, of: pid })
journal(folder, 'begin', { born, keeper, place })

globalThis.weight = Buffer.alloc(Number(weight) * 1_048_576, 'x')
createServer((_, response) => response.end(String(process.pid))).listen(Number(port), '127.0.0.1')

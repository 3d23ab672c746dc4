// The body of a daemon on demand: that of the storm, which answers each line of its clients with its PID, its version
// and the line. Arguments: the folder of its pidfile's records, the facade, its version, and for how many milliseconds
// a child keeps its socket open; 0 for no child.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

createRequire(import.meta.url)('./body.cjs')
const [, facade, version, kept] = process.argv.slice(2)
const { Daemon } = await import(facade)

/** The descriptor of the socket that this process listens at. */
function listener() {
  const listening = /^\S+ \S+ \S+ 00010000 \S+ \S+ +(\d+) \S*\.sock$/
  const inodes = readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .map((line) => listening.exec(line)?.[1])
    .filter(Boolean)
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`))
  return readdirSync('/proc/self/fd')
    .map(Number)
    .find((fd) => links.has(linkOf(fd)))
}

function linkOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

Daemon.current.onConnection((socket) => {
  socket.on('error', () => {})
  const lines = createInterface({ input: socket })
  lines.on('error', () => {})
  lines.on('line', (line) => socket.write(`${process.pid} ${version} ${line}\n`))
  socket.on('end', () => socket.end())
})

const fd = Number(kept) > 0 ? listener() : undefined
if (fd !== undefined) {
  spawn('sleep', [String(Number(kept) / 1000)], { stdio: ['ignore', 'ignore', 'ignore', fd] }).unref()
}

/**
 * Standard streams that were made for a terminal, and now have a file for their descriptor. Runs in the process that
 * becomes the daemon.
 */

import { isError } from '../binding/node-errors.js'

/**
 * Makes a stream that was made for a terminal write to its descriptor: libuv has opened the terminal anew, and would go
 * on writing there. Other streams write to the descriptor anyway, and a stream that is made later finds the file.
 */
export function leaveTerminal(name: 'stdout' | 'stderr'): void {
  const stream = process[name]
  if (!stream.isTTY) return
  const { writeFileSync } = process.getBuiltinModule('node:fs')
  const write = (chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void => {
    try {
      // Synchronously, as Node.js writes to any file: an exit must not lose the last lines.
      writeFileSync(stream.fd, chunk)
      done()
    } catch (error) {
      done(isError(error) ? error : new Error(String(error)))
    }
  }
  // The stream itself is changed, not replaced: `console` and loggers hold it.
  Object.defineProperties(stream, {
    _write: { value: write, configurable: true },
    _writev: { value: null, configurable: true },
    isTTY: { value: false, configurable: true, enumerable: true },
  })
}

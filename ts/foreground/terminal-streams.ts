/** Standard streams of this process whose descriptors now lead to a file. */

/**
 * Makes a stream that was made for a terminal, before, write to its descriptor: libuv has opened that terminal anew,
 * and would go on writing there. Other streams write to the descriptor anyway, and one that is made now finds the file.
 */
export function leaveTerminal(name: 'stdout' | 'stderr'): void {
  const stream = process[name]
  if (!stream.isTTY) return
  const { writeFileSync } = process.getBuiltinModule('node:fs')
  const write = (chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void => {
    try {
      // At once and all of it, as with any file: what is written last must not be lost by an exit.
      writeFileSync(stream.fd, chunk)
      done()
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }
  // The one stream, instead of another in its place: `console` and loggers hold it.
  Object.defineProperties(stream, {
    _write: { value: write, configurable: true },
    _writev: { value: null, configurable: true },
    isTTY: { value: false, configurable: true, enumerable: true },
  })
}

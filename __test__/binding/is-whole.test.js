// Whether a shared library is all there, by its own headers.
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { isWhole } from '../../build/binding/is-whole.js'
import { folder, ROOT } from '../helpers/index.js'

const LENGTH = 8_192

/** A DLL of Windows: its headers, and a section that ends the file. `end` is where that section ends. */
function dll(end = LENGTH) {
  const file = Buffer.alloc(LENGTH)
  const header = 0x80
  file.write('MZ')
  file.writeUInt32LE(header, 0x3c)
  file.write('PE\0\0', header)
  file.writeUInt16LE(2, header + 6)
  file.writeUInt16LE(0xf0, header + 20)
  const sections = header + 24 + 0xf0
  file.writeUInt32LE(512, sections + 16)
  file.writeUInt32LE(1_024, sections + 20)
  file.writeUInt32LE(end - 4_096, sections + 40 + 16)
  file.writeUInt32LE(4_096, sections + 40 + 20)
  return file
}

test('a DLL of Windows is whole when all of its sections are there', (t) => {
  const path = folder(t).file('a.node')
  writeFileSync(path, dll())
  t.true(isWhole(path))
  truncateSync(path, LENGTH - 1)
  t.false(isWhole(path))
  writeFileSync(path, dll(LENGTH + 1))
  t.false(isWhole(path))
})

test('a signature is the end of one that has it', (t) => {
  const path = folder(t).file('a.node')
  const file = dll()
  file.writeUInt32LE(LENGTH, 0x80 + 24 + 112 + 32)
  file.writeUInt32LE(100, 0x80 + 24 + 112 + 36)
  writeFileSync(path, file)
  t.false(isWhole(path))
  writeFileSync(path, Buffer.concat([file, Buffer.alloc(100)]))
  t.true(isWhole(path))
})

test('what only begins like a DLL is none', (t) => {
  const path = folder(t).file('a.node')
  const others = {
    'a program for DOS': (file) => file.fill(0, 0x80, 0x84),
    'headers elsewhere': (file) => file.writeUInt32LE(0xfffffff0, 0x3c),
    'more sections than headers': (file) => file.writeUInt16LE(0xffff, 0x80 + 6),
  }
  for (const [what, change] of Object.entries(others)) {
    const file = dll()
    change(file)
    writeFileSync(path, file)
    t.false(isWhole(path), what)
  }
})

test('each binary that was built is whole, and not without its end', (t) => {
  const built = readdirSync(join(ROOT, 'native')).filter((name) => name.endsWith('.node'))
  t.true(built.length > 0)
  const path = folder(t).file('a.node')
  for (const name of built) {
    const bytes = readFileSync(join(ROOT, 'native', name))
    writeFileSync(path, bytes)
    t.true(isWhole(path), name)
    truncateSync(path, bytes.length - 4_096)
    t.false(isWhole(path), name)
  }
})

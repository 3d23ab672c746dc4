/**
 * Whether a shared library is all there: an install that was cut short leaves part of one. Runs in both processes,
 * before the binding is loaded.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const ELF = 0x7f454c46
/** Mach-O of 64 bits, as a little-endian machine writes it. */
const MACH_O = 0xcffaedfe
const LC_SEGMENT_64 = 0x19
/** `MZ`, in its first two bytes. */
const PE = 0x4d5a
/** `PE\0\0` */
const PE_HEADER = 0x50450000
const PE_SECTION = 40
/** Where a PE of 64 bits has place and size of its signature, from its header on. */
const PE_SIGNATURE = 24 + 112 + 4 * 8

/** More than the header and the load commands of either. */
const HEAD = 4_096

/**
 * elf(5): linkers put the table of sections last. What a crash of the machine has left of a file may be zeros there.
 */
function isWholeElf(head: DataView, fd: number, length: number): boolean {
  const [size, count] = [head.getUint16(58, true), head.getUint16(60, true)]
  const end = Number(head.getBigUint64(40, true)) + size * count
  const last = new Uint8Array(size)
  return end <= length && readSync(fd, last, 0, size, end - size) === size && last.some((byte) => byte !== 0)
}

/** `mach-o/loader.h`: the last segment holds the symbols and the signature. */
function endOfMachO(head: DataView): number {
  let end = 0
  let at = 32
  for (let left = head.getUint32(16, true); left > 0 && at + 56 <= head.byteLength; left -= 1) {
    if (head.getUint32(at, true) === LC_SEGMENT_64) {
      const last = head.getBigUint64(at + 40, true) + head.getBigUint64(at + 48, true)
      end = Math.max(end, Number(last))
    }
    at += head.getUint32(at + 4, true)
  }
  return end
}

/** The PE format's specification: sections, and after them the signature, where there is one. */
function endOfPe(head: DataView): number {
  const at = head.getUint32(0x3c, true)
  if (at + PE_SIGNATURE + 8 > head.byteLength || head.getUint32(at) !== PE_HEADER)
    return Number.POSITIVE_INFINITY
  const first = at + 24 + head.getUint16(at + 20, true)
  const count = head.getUint16(at + 6, true)
  let end = head.getUint32(at + PE_SIGNATURE, true) + head.getUint32(at + PE_SIGNATURE + 4, true)
  for (let next = first; next < first + count * PE_SECTION; next += PE_SECTION) {
    if (next + PE_SECTION > head.byteLength) return Number.POSITIVE_INFINITY
    end = Math.max(end, head.getUint32(next + 16, true) + head.getUint32(next + 20, true))
  }
  return end
}

/** By the file's own headers; false for what is no library either. @throws the system's error when it cannot be read */
export function isWhole(path: string): boolean {
  const fd = openSync(path, 'r')
  try {
    const head = new DataView(new ArrayBuffer(HEAD))
    if (readSync(fd, head, 0, HEAD, 0) < HEAD) return false
    const magic = head.getUint32(0)
    const { size } = fstatSync(fd)
    if (magic === ELF) return isWholeElf(head, fd, size)
    if (magic >>> 16 === PE) return endOfPe(head) <= size
    return magic === MACH_O && endOfMachO(head) <= size
  } finally {
    closeSync(fd)
  }
}

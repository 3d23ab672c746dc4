/**
 * A program that a keeper executes again and again, by paths that lead through links: `/srv/app/current` is another
 * release by the next time. Runs in the launcher.
 */

import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ownFile } from '../../binding/package-files.js'
import { byShellFolder } from '../../options/current-folder.js'
import type { Program } from './index.js'

/** Where the package is installed, below a folder that programs find it from. */
const INSTALLED = join('node_modules', 'daimon', 'dist')

/**
 * The same program, with its file and folder by the way that the shell knows to the current folder, and with this
 * package's own files by the way from the program, if they are the same files.
 */
export function throughLinks(program: Program): Program {
  const main = program.main === undefined ? undefined : byShellFolder(program.main)
  const folder = program.folder === undefined ? undefined : byShellFolder(program.folder)
  const ways = new Map<string, string>()
  if (program.main !== undefined && main !== undefined) ways.set(program.main, main)
  const preloads = program.preloads.map((own) => {
    const way = main === undefined ? own : wayTo(own, main)
    ways.set(own, way).set(pathToFileURL(own).href, pathToFileURL(way).href)
    return way
  })
  const args = program.args.map((argument) => {
    const way = ways.get(argument)
    // What follows is the program's own.
    ways.delete(argument)
    return way ?? argument
  })
  return { ...program, main, folder, preloads, args }
}

/** The way to a file of this package on which `node_modules` of the program's folders lead to it; else its own path. */
function wayTo(own: string, main: string): string {
  const name = own.slice(ownFile('').length)
  for (let folder = dirname(main); ; folder = dirname(folder)) {
    const way = join(folder, INSTALLED, name)
    if (isSame(way, own)) return way
    if (folder === dirname(folder)) return own
  }
}

function isSame(way: string, own: string): boolean {
  try {
    return realpathSync(way) === realpathSync(own)
  } catch {
    return false
  }
}

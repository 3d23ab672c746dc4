/** What the published types declare: the list that a test of every method goes by. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './index.js'

const declarations = (name) =>
  readFileSync(join(ROOT, 'dist', name), 'utf8').replaceAll(/\/\*\*.*?\*\//gs, '')

/** The functions and classes that the package exports, but its errors. */
export function exportedValues() {
  const lists = [...declarations('index.d.ts').matchAll(/^export \{([^}]*)\}/gm)].map(([, list]) => list)
  const names = lists.flatMap((list) => list.split(',').map((name) => name.trim()))
  return names.filter((name) => name !== '' && !name.startsWith('type ') && !name.endsWith('Error'))
}

/**
 * Methods and accessors of a class or an interface, in its file of types; `Type.name` for those of the class itself.
 */
export function declaredMethods(file, type) {
  const text = declarations(file)
  const begin = new RegExp(`^export (?:declare class|interface) ${type}\\b`, 'm').exec(text)
  if (begin === null) throw new Error(`no ${type} in ${file}`)
  const body = text.slice(begin.index, text.indexOf('\n}', begin.index))
  const members = body.matchAll(/^ {4}(static )?(?:get )?(\[[\w.]+\]|\w+)\??(?:<.*?>)?\(/gm)
  const names = [...members].map(([, isStatic, name]) =>
    name === 'constructor' ? `new ${type}` : `${type}${isStatic ? '.' : '#'}${name}`,
  )
  return [...new Set(names)]
}

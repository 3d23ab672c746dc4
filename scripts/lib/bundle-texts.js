/** Changes the text of a bundle where esbuild cannot: how it gets Node's own modules, and how it can be compiled. */
import { basename } from 'node:path'
import { transform } from 'esbuild'
import { version } from './bundles.js'

/** The files that `late.ts` can compile from their texts, see `framed`. */
const FRAMED = ['verbs', 'serving', 'cli']

/** How long the lines of a file are, about. */
const LINE = 110

/** The text to write, made from esbuild's. */
export async function finished(path, text) {
  if (path.endsWith('.cjs')) return await dense(text)
  const whole = withBuiltins(text)
  const name = basename(path, '.js')
  if (!FRAMED.includes(name)) return withEagerImports(await dense(whole))
  return `// daimon ${version}: ${name}.js\n${await dense(framed(whole))}`
}

/**
 * Removes blanks, which each import would have to read, and a daemon to keep. Names stay, and lines of a length that a
 * person can read in an error.
 */
async function dense(text) {
  const options = { minifyWhitespace: true, legalComments: 'none' }
  const [{ code }, { code: inLines }] = await Promise.all([
    transform(text, options),
    transform(text, { ...options, lineLimit: LINE }),
  ])
  // esbuild breaks lines in strings, too.
  const whole = inLines.replaceAll('\\\n', '')
  if ((await transform(whole, options)).code !== code) throw new Error('build: the lines of a file change it')
  return whole
}

/**
 * Has webpack, and ncc, which sets conditions of its own, put what is loaded with its first use into the same file: a
 * daemon would load another file late. esbuild removes such comments.
 */
function withEagerImports(text) {
  return text.replace(/\bimport\((?="\.\/)/g, 'import(/* webpackMode: "eager" */ ')
}

/**
 * Gets Node's own modules by `process.getBuiltinModule`, because each `import` would cost 0.2 ms, to make a namespace
 * of all exports. esbuild writes one such `import` on each line.
 */
function withBuiltins(text) {
  return text.replace(/^import \{([^}]*)\} from "(node:[^"]+)";$/gm, (_, names, module) => {
    return `const {${names.replaceAll(' as ', ': ')}} = process.getBuiltinModule("${module}");`
  })
}

/**
 * A file that exports one function of the facade, which gives the exports of the module. `ts/late.ts` calls it with the
 * very facade that has loaded the file. A daemon keeps the text, and has no file any more when it is wanted.
 */
function framed(text) {
  const exported = /^export \{([^}]*)\};$/m
  const [, names] = exported.exec(text)
  const pairs = names.split(',').map((one) => one.trim().split(' as ').toReversed().join(': '))
  const body = text
    .replace(/^import \{([^}]*)\} from "\.\/index\.js";$/gm, (_, names) => {
      return `const {${names.replaceAll(' as ', ': ')}} = daimon;`
    })
    .replace(exported, `return { ${pairs.join(', ')} };`)
  const left = /^(?:import|export)\b.*|\bimport(?:\(|\.meta\b).*/m.exec(body)
  if (left !== null) throw new Error(`build: a part must stand alone, but has: ${left[0]}`)
  return `export default (function (daimon) {\n${body}})\n`
}

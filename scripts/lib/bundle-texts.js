/** Changes the text of a bundle where esbuild cannot: how it gets Node's own modules, and how it can be compiled. */
import { basename } from 'node:path'
import { version } from './bundles.js'

/** The files that `late.ts` can compile from their texts, see `framed`. */
const FRAMED = ['verbs', 'serving', 'cli']

/** The text to write, made from esbuild's. */
export function finished(path, text) {
  if (path.endsWith('.cjs')) return text
  const whole = withBuiltins(text)
  const name = basename(path, '.js')
  return FRAMED.includes(name) ? framed(name, whole) : withEagerImports(whole)
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
function framed(name, text) {
  const exported = /^export \{([^}]*)\};$/m
  const [, names] = exported.exec(text)
  const pairs = names.split(',').map((one) => one.trim().split(' as ').toReversed().join(': '))
  const body = text
    .replace(/^import \{([^}]*)\} from "\.\/index\.js";$/gm, (_, names) => {
      return `const {${names.replaceAll(' as ', ': ')}} = daimon;`
    })
    .replace(exported, `return { ${pairs.join(', ')} };`)
  const left = /^(?:import|export)\b.*|\bimport(?:\(|\.meta\b).*/m.exec(body)
  if (left !== null) throw new Error(`build: ${name}.js must stand alone, but has: ${left[0]}`)
  return `// daimon ${version}: ${name}.js\nexport default (function (daimon) {\n${body}})\n`
}

/**
 * Finds out whether this code runs in a test. In a test the main program is the runner's: executed again as a daemon,
 * it would run the whole suite once more, and each start in it, too. Runs in the launcher.
 */

import { sep } from 'node:path'
import { requireOwn } from '../binding/require.js'

/** The runners, and the pools that execute test files for them. */
const RUNNERS = new RegExp(
  `^.*/node_modules/(${[
    'mocha|workerpool|vitest|tinypool|ava|tap',
    'jest[^/]*|jasmine[^/]*|playwright[^/]*',
    '@(?:jest|tapjs|playwright)/[^/]+',
  ].join('|')})/`,
)

/** The evidence that this is a test, for a message; undefined if there is none. */
export function testRunner(main: string | undefined): string | undefined {
  if (isInOwnContext()) return 'a context of its own'
  if (usesNodeTest()) return 'node:test'
  return RUNNERS.exec(resolved(main).replaceAll(sep, '/'))?.[1]
}

/** jest, and vitest with its `vm` pools, give each test file globals of its own; Node does so for no program. */
function isInOwnContext(): boolean {
  return process.getBuiltinModule('node:vm').runInThisContext('Object') !== Object
}

/**
 * The main program is the test file itself there, with `node --test` and without. NODE_TEST_CONTEXT does not tell:
 * programs that a test starts inherit it, and they may become daemons. The list of what Node has loaded is not
 * documented; without it nothing is known.
 */
function usesNodeTest(): boolean {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList')
  return Array.isArray(loaded) && loaded.includes('NativeModule internal/test_runner/test')
}

/** As Node has found it: `node_modules/.bin` holds links. */
function resolved(main: string | undefined): string {
  if (main === undefined) return ''
  try {
    return requireOwn().resolve(main)
  } catch {
    return main
  }
}

// The variable by which a daemon knows that it is one: the core writes it, the facade reads it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ADOPTION_VARIABLE } from '../../build/handover/variable.js'
import { ROOT } from '../helpers/index.js'

test('core and facade give the adoption variable the same name', (t) => {
  const core = readFileSync(join(ROOT, 'crates/core/src/handover/variable.rs'), 'utf8')
  t.is(/^pub const ADOPTION_VARIABLE: &str = "(\w+)";$/m.exec(core)?.[1], ADOPTION_VARIABLE)
})

/** Miri on the tests of parsers, frames and the handover's codec: undefined behaviour, and all that leads there. */

import { cargoTest } from '../scripts/lib/cargo-test.js'
import { MIRI_TESTS } from './lib/miri-tests.js'
import { nightly, target } from './lib/nightly.js'

export const miri = {
  name: 'miri',
  summary: 'no undefined behaviour in parsers, frames and the codec of the handover',
  fails: 'a test that fails under miri',
  isCalm: true,
  async run({ note, count, fail }) {
    await nightly('miri', 'rust-src')
    const { passed, failed } = await cargoTest({
      command: ['cargo', '+nightly', 'miri', 'test'],
      args: ['--package', 'daimon-core', '--lib', '--target-dir', target('miri')],
      only: MIRI_TESTS,
    })
    note({ tests: MIRI_TESTS.length, passed, failed })
    count('tests', passed + failed)
    if (failed > 0)
      fail(`${failed} of ${MIRI_TESTS.length} tests have failed under miri; the output above says which`)
  },
}

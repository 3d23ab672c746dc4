/** AddressSanitizer on all tests of the core: memory that is not ours any more, or never was, and memory that leaks. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cargoTest } from '../scripts/lib/cargo-test.js'
import { host, nightly, target } from './lib/nightly.js'
import { Unavailable } from './lib/part.js'

/** Where rustc has the sanitizer, of the platforms that we test on. */
const HOSTS = ['x86_64-unknown-linux-gnu', 'aarch64-unknown-linux-gnu']

/** Not its warning that a child between clone and exec has a stack of its own. */
const ERROR = /ERROR: \w+Sanitizer/

export const sanitizer = {
  name: 'sanitizer',
  summary: "the core's tests with AddressSanitizer: memory that is used after its end, or leaks",
  fails: 'a test that fails, a report of the sanitizer',
  isCalm: true,
  async run({ folder, note, count, fail }) {
    await nightly()
    const triple = host()
    if (!HOSTS.includes(triple)) throw new Unavailable(`Rust has no AddressSanitizer for ${triple}`)
    const flags = '-Zsanitizer=address'
    const { passed, failed } = await cargoTest({
      command: ['cargo', '+nightly', 'test'],
      // The target is told, so that build scripts are built without it.
      args: ['--package', 'daimon-core', '--target', triple, '--target-dir', target('asan')],
      env: {
        ...process.env,
        RUSTFLAGS: flags,
        RUSTDOCFLAGS: flags,
        ASAN_OPTIONS: `log_path=${join(folder, 'report')}`,
      },
    })
    note({ tests: passed + failed, passed, failed })
    count('tests', passed + failed)
    if (failed > 0) fail(`${failed} tests have failed with AddressSanitizer; the output above says which`)
    for (const report of readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')))
      if (ERROR.test(report)) fail(report)
  },
}

// Lints the code for both macOS targets, as strictly as `npm run lint` does for this machine's. It cannot be run here.
import { leg } from '../lib/leg.js'
import { run } from '../lib/run.js'
import { targets } from './targets.js'
import { toolchain } from './toolchain.js'

const chosen = targets
  .filter(({ platform }) => platform === 'darwin')
  .flatMap(({ triple }) => ['--target', triple])
// As in lint.js: the binding by itself and without tests.
const PARTS = [
  ['--workspace', '--exclude', 'daimon-node', '--all-targets'],
  ['-p', 'daimon-node'],
]

await leg('darwin', async () => {
  const { env, args } = await toolchain({ tests: true, more: ['rust-web-clippy'] })
  let passed = 0
  for (const part of PARTS) {
    // Not `cargo clippy`: cargo looks for clippy in its own folder first, where another compiler's may be.
    const command = ['clippy', ...part, '--locked', ...args, ...chosen, '--', '-D', 'warnings']
    if ((await run('cargo-clippy', command, { env })) === 0) passed += 1
  }
  return { passed, failed: PARTS.length - passed, skipped: 0 }
})

// The Rust and the JavaScript tests on linux-arm64, by qemu-user: of the latter those that stand for the rest, or, with
// --all, all.
import { parseArgs } from 'node:util'
import { ava } from '../lib/ava.js'
import { cargoTest } from '../lib/cargo-test.js'
import { add } from '../lib/counts.js'
import { leg, Unavailable } from '../lib/leg.js'
import { installNode } from '../lib/nodes.js'
import { GLIBC_FLOOR, targets } from '../release/targets.js'
import { debian, toolchain } from '../release/toolchain.js'
import { CORE } from './core-tests.js'
import { emulateArm64 } from './emulator.js'
import { stage } from './stage.js'

const NODE = '22'
/** Tells the tests, some of which ask for more than an emulator can give. */
const EMULATED = { ...process.env, TEST_EMULATED: 'qemu-user' }
const target = targets.find(({ name }) => name === 'linux-arm64-gnu')

async function rust() {
  const { env, args } = await toolchain()
  const std = args.map((flag) => (flag.startsWith('-Zbuild-std=') ? `${flag},test` : flag))
  const what = ['-p', 'daimon-core', '--target', `${target.triple}.${GLIBC_FLOOR}`, ...std]
  return await cargoTest({ command: ['cargo-zigbuild', 'test'], args: what, env })
}

async function javascript({ all }) {
  const node = await installNode(NODE, { platform: target.platform, arch: target.arch })
  if (node === undefined) throw new Unavailable(`Node ${NODE} for arm64 cannot be had`)
  return await ava({ node, env: EMULATED, cwd: stage(target), args: all ? [] : CORE })
}

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } })

await leg('arm64', async () => {
  await debian('libc6:arm64', 'libstdc++6:arm64', 'libatomic1:arm64')
  const release = await emulateArm64()
  try {
    return add(await rust(), await javascript(values))
  } finally {
    release()
  }
})

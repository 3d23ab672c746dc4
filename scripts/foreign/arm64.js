// arm64.js [--all | FILE…]: runs the Rust tests and JavaScript tests on linux-arm64, by qemu-user. The JavaScript tests
// are the core of them, or those of the given files; with --all, all of them.
import { parseArgs } from 'node:util'
import { aptInstall } from '../lib/apt.js'
import { ava } from '../lib/ava.js'
import { cargoTest } from '../lib/cargo-test.js'
import { leg, Unavailable } from '../lib/leg.js'
import { installNode } from '../lib/nodes.js'
import { GLIBC_FLOOR, targets } from '../release/targets.js'
import { toolchain } from '../release/toolchain.js'
import { emulateArm64 } from './emulator.js'
import { stage } from './stage.js'
import { CORE } from './subsets.js'

const NODE = '22'
/** Tells the tests that they are emulated, because some of them need more than an emulator can do. */
const EMULATED = { ...process.env, TEST_EMULATED: 'qemu-user' }
/** The Rust tests that would see the emulator instead of the program, each with the reason. */
const EMULATOR_SEEN = {
  'process::tests::stats_of_this_process_are_plausible': "a process's own /proc/self/stat is made up",
  at_exec_the_daemon_has_stdio_lock_and_channel_alone: 'the emulator has descriptors of its own',
  blocked_and_ignored_signals_of_the_launcher_do_not_reach_the_daemon:
    'the emulator blocks a signal of its own',
  a_launcher_that_lets_go_after_ready_touches_nobody: 'the emulator has a thread of its own',
  a_daemon_that_has_said_that_it_is_ready_lives_on_though_nobody_has_read_it:
    'the emulator has a thread of its own',
  no_child_is_left_of_a_launch_and_no_plain_wait_sees_one: 'the emulator knows of no exit signal but SIGCHLD',
  descriptors_are_closed_one_by_one_where_close_range_is_forbidden: 'the emulator has no seccomp filters',
  a_sigkill_that_is_refused_is_the_error_of_the_stop: 'the emulator has no seccomp filters',
  a_daemon_that_ends_by_itself_after_a_refused_sigkill_is_stopped_and_not_killed:
    'the emulator has no seccomp filters',
  what_no_system_call_has_refused_names_none: 'the emulator has no seccomp filters',
  a_signal_is_sent_where_pidfds_can_be_had_but_not_signalled: 'the emulator has no seccomp filters',
  a_signal_that_the_system_has_no_room_for_is_no_wrong_option: 'the emulator has no seccomp filters',
  a_channel_that_cannot_be_shut_down_is_dropped_all_the_same: 'the emulator has no seccomp filters',
}

const target = targets.find(({ name }) => name === 'linux-arm64-gnu')

/** Runs `tests` while this machine can execute arm64 programs. */
async function emulated(tests) {
  await aptInstall('libc6:arm64', 'libstdc++6:arm64', 'libatomic1:arm64')
  const unregister = await emulateArm64()
  try {
    return await tests()
  } finally {
    unregister()
  }
}

async function rust() {
  const { env, args } = await toolchain({ tests: true })
  const what = ['-p', 'daimon-core', '--target', `${target.triple}.${GLIBC_FLOOR}`, ...args]
  return await cargoTest({ command: ['cargo-zigbuild', 'test'], args: what, env, skip: EMULATOR_SEEN })
}

async function javascript() {
  const { values, positionals } = parseArgs({
    options: { all: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const chosen = values.all || positionals.length > 0 ? positionals : CORE
  const node = await installNode(NODE, { platform: target.platform, arch: target.arch })
  if (node === undefined) throw new Unavailable(`Node ${NODE} for arm64 cannot be had`)
  return await ava({ node, env: EMULATED, cwd: stage(target), args: chosen })
}

await leg(
  'arm64',
  () => emulated(rust),
  () => emulated(javascript),
)

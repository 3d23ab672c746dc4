/** Processes that no verb may ever reach. They block all signals, so that one that was sent can be seen. */

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { statOf } from '../../scripts/lib/stat.cjs'

export class Bystanders {
  #children

  constructor(count) {
    // env(1) of coreutils blocks every signal that can be blocked.
    const one = () => spawn('env', ['--block-signal', 'sleep', '100000'], { stdio: 'ignore' })
    this.#children = Array.from({ length: count }, one)
  }

  get pids() {
    return this.#children.map(({ pid }) => pid)
  }

  /** Tells of each that has got a signal, is dead or stopped. */
  judge(fail) {
    for (const pid of this.pids) {
      const state = statOf(pid)?.state
      if (!['S', 'R', 'D'].includes(state)) fail(`the bystander ${pid} is in state ${state ?? 'gone'}`)
      else for (const signal of pendingOf(pid)) fail(`the bystander ${pid} has got signal ${signal}`)
    }
  }

  end(kill) {
    for (const pid of this.pids) kill(pid)
  }
}

/** The signals that wait for a process, proc_pid_status(5). */
function pendingOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const masks = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s+([0-9a-f]+)/gm)].map(([, mask]) =>
    BigInt(`0x${mask}`),
  )
  return Array.from({ length: 64 }, (_, index) => index + 1).filter((signal) =>
    masks.some((mask) => (mask >> BigInt(signal - 1)) & 1n),
  )
}

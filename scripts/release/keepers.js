// Builds the keeper of all platforms on one machine: one static executable for each Linux, whatever its C library.
import { chmodSync, copyFileSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { root, run } from '../lib/run.js'
import { binaries, keepers } from './targets.js'
import { toolchain } from './toolchain.js'

/** Flags that leave out what a keeper never shows, and what the build's folders would add. */
function flags({ platform }, sources, isStdBuilt) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo')
  const folders = [...sources.flatMap((path) => [path, realpathSync(path)]).map((path) => [path, '/rust'])]
  folders.push([cargoHome, '/cargo'], [root.replace(/\/$/, ''), '/daimon'])
  const all = folders.map(([from, to]) => `--remap-path-prefix=${from}=${to}`)
  if (isStdBuilt)
    all.push('-Zunstable-options', '-Cpanic=immediate-abort', '-Zlocation-detail=none', '-Zfmt-debug=none')
  if (platform === 'linux')
    all.push(
      '-Ctarget-feature=+crt-static',
      '-Crelocation-model=static',
      '-Clink-self-contained=no',
      '-Clink-arg=-Os',
      '-Clink-arg=-fno-unwind-tables',
      '-Clink-arg=-fno-asynchronous-unwind-tables',
    )
  // Nothing unwinds.
  if (isStdBuilt) all.push('-Cforce-unwind-tables=no')
  return all
}

/**
 * Builds the keepers of these platforms into `target/binaries`, those of a system in one call. Not in one with the
 * binding, whose flags are others.
 */
export async function buildKeepers(chosen = keepers) {
  for (const system of new Set(chosen.map(({ platform }) => platform))) {
    await build(chosen.filter(({ platform }) => platform === system))
  }
}

async function build(chosen) {
  const { env, args, sources } = await toolchain({ chosen })
  // Only a std of its own can end without a message.
  const isStdBuilt = args.length > 0
  const how = isStdBuilt ? 'immediate-abort' : 'abort'
  const std = isStdBuilt
    ? ['-Zbuild-std=std', '-Zbuild-std-features=optimize_for_size', '-Zpanic-immediate-abort']
    : []
  const each = chosen.flatMap((keeper) => {
    const rustflags = JSON.stringify(flags(keeper, sources, isStdBuilt))
    return ['--target', keeper.triple, '--config', `target.${keeper.triple}.rustflags=${rustflags}`]
  })
  const profile = ['--config', `profile.release.panic="${how}"`]
  const cargo = ['zigbuild', '-p', 'daimon-keeper', '--release', '--locked', ...std, ...each, ...profile]
  const folder = join(root, 'target/cross-keeper')
  if ((await run('cargo', cargo, { env: { ...env, CARGO_TARGET_DIR: folder } })) !== 0) {
    throw new Error('the build of the keeper failed')
  }
  mkdirSync(binaries, { recursive: true })
  for (const { triple, file } of chosen) {
    const made = join(binaries, file)
    copyFileSync(join(folder, triple, 'release/daimon-keeper'), made)
    chmodSync(made, 0o755)
    console.log(`${file}: ${Math.round(statSync(made).size / 1_000)} kB`)
  }
}

// `npm run bump -- X.Y.Z`: sets the version in every manifest, crate and lock file, and in the changelog's heading.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import semver from 'semver'
import { root } from './lib/run.js'

const UNRELEASED = /^## \[[^\]]+\] - unreleased$/m

const read = (file) => readFileSync(join(root, file), 'utf8')

/** The file and its text with each of the places changed. A place that the text does not have is an error. */
function change(file, places, replace) {
  let text = read(file)
  for (const place of places) {
    if (!place.test(text)) throw new Error(`${file} has nothing like ${place}`)
    text = text.replace(place, replace)
  }
  return [file, text]
}

function packageLock(version) {
  const lock = JSON.parse(read('package-lock.json'))
  lock.version = version
  lock.packages[''].version = version
  return ['package-lock.json', `${JSON.stringify(lock, null, 2)}\n`]
}

/** All changes as files and texts; none is written yet. */
function changes(version) {
  const keep = (_, before, after) => `${before}${version}${after}`
  const inLock = (name) => new RegExp(`(\\nname = "${name}"\\nversion = ")[^"]+(")`)
  const crates = ['daimon-confine', 'daimon-core', 'daimon-model', 'daimon-node', 'daimon-torture']
  const today = new Date().toISOString().slice(0, 10)
  return [
    change('package.json', [/^( {2}"version": ")[^"]+(",)$/m], keep),
    packageLock(version),
    change('Cargo.toml', [/(\[workspace\.package\]\nversion = ")[^"]+(")/], keep),
    change('Cargo.lock', crates.map(inLock), keep),
    change('fuzz/Cargo.lock', [inLock('daimon-core')], keep),
    change('CHANGELOG.md', [UNRELEASED], `## [${version}] - ${today}`),
  ]
}

/** Writes all changes, or none: a failure restores the files. */
function write(changed) {
  const before = changed.map(([file]) => [file, read(file)])
  try {
    for (const [file, text] of changed) writeFileSync(join(root, file), text)
  } catch (error) {
    for (const [file, text] of before) if (read(file) !== text) writeFileSync(join(root, file), text)
    throw error
  }
}

const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trimEnd()

/** A version without build metadata, which npm leaves out. `valid` leaves it out, too, so that the text differs. */
const isVersion = (text) => semver.valid(text) === text

try {
  const [version, ...rest] = process.argv.slice(2)
  if (version === undefined || !isVersion(version) || rest.length > 0)
    throw new Error('say which version: npm run bump -- 1.2.3')
  const dirty = git('status', '--porcelain')
  if (dirty !== '') throw new Error(`commit these first, or undo them:\n${dirty}`)
  if (git('tag', '--list', `v${version}`) !== '') throw new Error(`there is a tag v${version} already`)
  const present = JSON.parse(read('package.json')).version
  if (semver.lt(version, present)) throw new Error(`${version} is lower than ${present}`)
  write(changes(version))
  const release = `"Release ${version}"`
  const steps = [
    `git commit -am ${release}`,
    `git tag -a v${version} -m ${release}`,
    'git push --follow-tags',
  ]
  console.log(`version ${version}. Next: ${steps.join(' && ')}`)
} catch (error) {
  console.error(`bump: ${error.message}`)
  process.exitCode = 1
}

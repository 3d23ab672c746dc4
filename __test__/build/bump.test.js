// `npm run bump`, in a repository of its own.
import { spawnSync } from 'node:child_process'
import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { folder, ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const test = needs('git')

const MANIFESTS = ['package.json', 'package-lock.json', 'Cargo.toml', 'Cargo.lock', 'fuzz/Cargo.lock']
const FILES = [...MANIFESTS, 'scripts/bump.js', 'scripts/lib/run.js']

const CHANGELOG = '# Changelog\n\n## [0.3.0] - unreleased\n\n- New.\n\n## [0.2.0] - 2026-01-01\n'

function repository(t) {
  const place = folder(t)
  for (const name of FILES) cpSync(join(ROOT, name), place.file(name))
  place.write('CHANGELOG.md', CHANGELOG)
  const git = (...args) => {
    const user = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false']
    const { status, stdout } = spawnSync('git', [...user, ...args], { cwd: place.path, encoding: 'utf8' })
    t.is(status, 0)
    return stdout
  }
  symlinkSync(join(ROOT, 'node_modules'), place.file('node_modules'))
  git('init', '--quiet')
  place.write('.git/info/exclude', 'node_modules\n')
  git('add', '.')
  git('commit', '--quiet', '--message', 'Begin')
  return { place, git, bump: (...args) => place.node(['scripts/bump.js', ...args]) }
}

test('one command moves every manifest, crate and lock file', async (t) => {
  const { place, git, bump } = repository(t)
  const { code, stderr, stdout } = await bump('12.34.56')
  t.is(code, 0, stderr)
  // A tag without a message would not be pushed along.
  t.regex(stdout, / && git tag -a v12\.34\.56 -m "Release 12\.34\.56" && git push --follow-tags\n$/)
  const json = (name) => JSON.parse(place.read(name))
  t.is(json('package.json').version, '12.34.56')
  t.is(json('package-lock.json').version, '12.34.56')
  t.is(json('package-lock.json').packages[''].version, '12.34.56')
  t.regex(place.read('Cargo.toml'), /^version = "12\.34\.56"$/m)
  for (const crate of ['daimon-core', 'daimon-node']) {
    t.regex(place.read('Cargo.lock'), new RegExp(`name = "${crate}"\\nversion = "12\\.34\\.56"`))
  }
  t.regex(place.read('fuzz/Cargo.lock'), /name = "daimon-core"\nversion = "12\.34\.56"/)
  t.regex(place.read('CHANGELOG.md'), /^## \[12\.34\.56\] - \d{4}-\d\d-\d\d$/m)
  // A line or two in each, and nothing else.
  const changed = git('diff', '--numstat').trimEnd().split('\n')
  const counts = changed.map((line) => line.split('\t')).map(([added, , name]) => [name, Number(added)])
  t.deepEqual(Object.fromEntries(counts), {
    'CHANGELOG.md': 1,
    'Cargo.lock': 5,
    'Cargo.toml': 1,
    'fuzz/Cargo.lock': 1,
    'package-lock.json': 2,
    'package.json': 1,
  })
})

test('a tree with changes is refused, and stays as it is', async (t) => {
  const { place, git, bump } = repository(t)
  place.write('new.txt', '')
  const { code, stderr } = await bump('1.0.0')
  t.is(code, 1)
  t.is(stderr, 'bump: commit these first, or undo them:\n?? new.txt\n')
  t.is(git('status', '--porcelain'), '?? new.txt\n')
})

for (const args of [
  [],
  ['1.0'],
  ['v1.0.0'],
  ['1.0.0', '2.0.0'],
  ['01.2.3'],
  ['1.0.0-01'],
  ['1.0.0-a..b'],
  ['1.0.0+1'],
]) {
  test(`what is no version is refused: ${args.join(' ') || 'none'}`, async (t) => {
    const { git, bump } = repository(t)
    const { code, stderr } = await bump(...args)
    t.is(code, 1)
    t.is(stderr, 'bump: say which version: npm run bump -- 1.2.3\n')
    t.is(git('status', '--porcelain'), '')
  })
}

test('without changes to release in the changelog nothing moves', async (t) => {
  const { place, git, bump } = repository(t)
  place.write('CHANGELOG.md', '# Changelog\n')
  git('commit', '--quiet', '--all', '--message', 'Forget')
  const { code, stderr } = await bump('1.0.0')
  t.is(code, 1)
  t.regex(stderr, /^bump: CHANGELOG\.md has nothing like /)
  t.is(git('status', '--porcelain'), '')
})

test('a version that there is, or that is lower than the present one, is refused; a candidate is not', async (t) => {
  const { git, bump } = repository(t)
  git('tag', 'v12.0.0')
  t.regex((await bump('12.0.0')).stderr, /^bump: there is a tag v12\.0\.0 already\n$/)
  t.regex((await bump('0.0.1')).stderr, /^bump: 0\.0\.1 is lower than \d/)
  t.is(git('status', '--porcelain'), '')
  t.is((await bump('12.0.1-rc.1')).code, 0)
})

test('a candidate of the present version is lower than it, and than later candidates', async (t) => {
  const { place, git, bump } = repository(t)
  const present = async (version) => {
    t.is((await bump(version)).code, 0)
    place.write('CHANGELOG.md', CHANGELOG)
    git('commit', '--quiet', '--all', '--message', version)
  }
  await present('1.0.0-rc.10')
  t.is((await bump('1.0.0-rc.9')).stderr, 'bump: 1.0.0-rc.9 is lower than 1.0.0-rc.10\n')
  t.is((await bump('1.0.0-beta.11')).code, 1)
  await present('1.0.0')
  t.is((await bump('1.0.0-rc.11')).stderr, 'bump: 1.0.0-rc.11 is lower than 1.0.0\n')
  t.is(git('status', '--porcelain'), '')
  t.is((await bump('1.0.1-rc.1')).code, 0)
})

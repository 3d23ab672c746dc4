// build.js [NAME…]: builds the binaries of these platforms (`linux-x64-gnu`), of all by default, for publishing.
import { crossBuild } from './cross-build.js'
import { targets } from './targets.js'

const names = process.argv.slice(2)
const unknown = names.filter((name) => !targets.some((target) => target.name === name))
try {
  const known = targets.map(({ name }) => name).join(' ')
  if (unknown.length > 0) throw new Error(`no such platform: ${unknown.join(' ')}. There are ${known}`)
  await crossBuild(targets.filter(({ name }) => names.length === 0 || names.includes(name)))
} catch (error) {
  console.error(`release: ${error.message}`)
  process.exitCode = 1
}

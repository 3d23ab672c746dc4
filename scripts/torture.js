// The leg `torture` of CI: all parts of the torture, with a seed of the day, so that CI tries another one each day.
import { counted } from './lib/counted.js'
import { close } from './lib/counts.js'

const SECONDS = 12
const seed = Math.floor(Date.now() / 86_400_000)

const args = ['torture/index.js', '--seconds', String(SECONDS), '--seed', String(seed)]
close(await counted(process.execPath, [...args, '--out', 'target/torture-report.json']))

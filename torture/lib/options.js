/** The command line of the torture. */

import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** The whole numbers: of each its least, its most, and what it is if it is not given. */
const NUMBERS = {
  seconds: { least: 1, most: 1_000_000, usual: () => 60 },
  seed: { least: 0, most: 2 ** 32 - 1, usual: () => Math.floor(Math.random() * 2 ** 32) },
  daemons: { least: 1, most: 10_000, usual: () => 50 },
}

/** @param parts all that there are: name and summary */
export const usageOf = (
  parts,
) => `usage: npm run torture -- [--seconds N] [--seed S] [--only NAME]… [--daemons N] [--out FILE]
  --seconds  how long each part that goes on by itself may take (60)
  --seed     the seed of all that is random (a random one)
  --only     one part alone; may be given again
  --daemons  how many daemons the part scale starts (50)
  --out      where the report goes (torture-report.json)

parts:
${parts.map(({ name, summary }) => `  ${name.padEnd(9)}  ${summary}`).join('\n')}`

function numberOf(name, text) {
  const { least, most, usual } = NUMBERS[name]
  if (text === undefined) return usual()
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < least || number > most)
    throw new Error(`--${name} takes a whole number from ${least} to ${most}, not '${text}'`)
  return number
}

/** The report can be written at the end. */
function checkedFile(name) {
  const file = resolve(name)
  if (!existsSync(dirname(file))) throw new Error(`--out: there is no folder ${dirname(file)}`)
  try {
    accessSync(dirname(file), constants.W_OK)
  } catch (error) {
    throw new Error(`--out: there can be no file in ${dirname(file)}: ${error.code}`)
  }
  return file
}

/**
 * What is asked for.
 *
 * @param names those of all parts
 * @throws Error for what cannot be asked for
 */
export function optionsOf(args, names) {
  const all = { type: 'string', multiple: true, default: [] }
  const help = { type: 'boolean', short: 'h' }
  const options = { seconds: all, seed: all, daemons: all, out: all, only: all, help }
  const { values } = parseArgs({ args, options })
  const once = (name) => {
    if (values[name].length > 1) throw new Error(`--${name} is given ${values[name].length} times`)
    return values[name][0]
  }
  const unknown = values.only.find((one) => !names.includes(one))
  if (unknown !== undefined) throw new Error(`there is no part '${unknown}'`)
  return {
    help: values.help === true,
    seconds: numberOf('seconds', once('seconds')),
    seed: numberOf('seed', once('seed')),
    daemons: numberOf('daemons', once('daemons')),
    file: checkedFile(once('out') ?? 'torture-report.json'),
    only: values.only.length > 0 ? values.only : names,
  }
}

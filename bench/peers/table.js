/** Writes the results of a run in Markdown. */

/** The rows: the key of the figure, its label, its unit. */
export const FIGURES = [
  ['start.api', 'start by API, until the port accepts', 'ms'],
  ['start.command', 'start by command, until the port accepts', 'ms'],
  ['ready.api', 'start by API, until the caller knows that it serves', 'ms'],
  ['stop.api', 'stop by API, until the process is gone and the caller knows', 'ms'],
  ['stop.command', 'stop by command, the same', 'ms'],
  ['stop.stubborn', 'stop of an app that ignores SIGTERM, given 1 s', 'ms'],
  ['status.api', 'status by API', 'ms'],
  ['status.command', 'status by command', 'ms'],
  ['restart.api', 'restart by API, until the port accepts', 'ms'],
  ['restart.command', 'restart by command, until the port accepts', 'ms'],
  ['stall.50 MB', 'longest stall of the event loop in a start, launcher of 50 MB', 'ms'],
  ['stall.1 GB', 'the same, launcher of 1 GB', 'ms'],
  ['memory.one', 'private memory above the bare app, 1 daemon', 'MB'],
  ['memory.many', 'the same, MANY daemons', 'MB'],
  ['processes.one', 'processes beside the app, 1 daemon', ''],
  ['processes.many', 'the same, MANY daemons', ''],
  ['size', 'installed size', 'MB'],
  ['packages', 'packages installed', ''],
  ['instances', '**instances after 20 starts at once**, the worst of 3 races', ''],
  ['learns', '**what the starter learns of a body that fails**', ''],
  ['stranger', '**a stranger that a stale pidfile names, at a stop**', ''],
]

/** Formats a figure with three significant digits, and a count as it is. */
export function number(value, unit) {
  if (typeof value !== 'number') return String(value)
  if (unit === '') return String(value)
  const magnitude = Math.abs(value)
  return value.toFixed(magnitude < 1 ? 3 : magnitude < 10 ? 2 : magnitude < 100 ? 1 : 0)
}

const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`

export function markdown(head, rows) {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function peers(report) {
  const title = ({ name, version, unavailable }) =>
    unavailable === undefined ? [name, version].filter(Boolean).join(' ') : `${name}: not available`
  const rows = FIGURES.map(([key, label, unit]) => [
    `${label.replace('MANY', report.many)}${unit === '' ? '' : `, ${unit}`}`,
    ...report.peers.map(({ figures }) => (figures[key] === undefined ? '–' : number(figures[key], unit))),
  ])
  return markdown(['', ...report.peers.map(title)], rows)
}

export function musts(rows) {
  const verdict = { true: 'met', false: '**not met**' }
  return markdown(
    ['must', 'value', 'bound', ''],
    rows.map(({ name, value, unit, bound, met, detail }) => [
      detail ? `${name} (${detail})` : name,
      value === undefined ? '–' : `${number(value, unit || 'ratio')} ${unit}`.trim(),
      `≤ ${bound} ${unit}`.trim(),
      verdict[met] ?? 'not measured',
    ]),
  )
}

/** The whole page. */
export function page(report) {
  const { node, platform, arch, cores, rounds, idle } = report
  const where = `Node.js ${node}, ${platform}-${arch}, ${cores} cores, medians of ${rounds} rounds in turn.`
  const quiet = `${idle.inVain} of ${idle.waits} waits for an idle machine were in vain.`
  const notes = [
    ...report.peers
      .filter(({ unavailable }) => unavailable !== undefined)
      .map(({ name, unavailable }) => `- ${name} is not available: ${unavailable}`),
    ...report.failures.map(({ peer, what, reason }) => `- ${peer}, ${what}: ${reason}`),
  ]
  return `${[
    '# daimon beside others',
    `${where} ${quiet}`,
    'A dash: the peer has no such thing, or it could not be measured, which is said below.',
    ...(report.peers.some(({ figures }) => Object.keys(figures).length > 0) ? [peers(report)] : []),
    ...(report.musts.length > 0 ? ['## Musts', musts(report.musts)] : []),
    ...(notes.length > 0 ? ['## Notes', notes.join('\n')] : []),
  ].join('\n\n')}\n`
}

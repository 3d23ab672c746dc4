/** Draws the results of a run: horizontal bars in SVG. */

import { FIGURES, number } from './table.js'

/** The figures of the plot, from the top, with their titles. */
const SHOWN = {
  'start.command': 'start by command, until the port accepts',
  'ready.api': 'start by API, until the caller knows that it serves',
  'stop.command': 'stop by command, until the process is gone and the caller knows',
  'status.command': 'status by command',
  'stall.1 GB': 'longest stall of the event loop in a start, launcher of 1 GB',
  'memory.many': 'private memory above the bare app, MANY daemons',
}

const [WIDTH, LEFT, RIGHT, BAR, GAP, TITLE] = [760, 190, 90, 14, 5, 34]
const [OWN, OTHER, TEXT] = ['#c2410c', '#64748b', '#1e293b']

const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
const text = (x, y, anchor, words, more = '') =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${TEXT}"${more}>${escaped(words)}</text>`

/** Draws one figure below `top`. Gives its lines and its lower end. */
function panel({ label, unit, bars }, top) {
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  const lines = [text(10, top + 22, 'start', `${label}, ${unit}`, ' font-weight="bold"')]
  let y = top + TITLE
  for (const { name, value } of bars) {
    const width = (Math.max(value, 0) / longest) * (WIDTH - LEFT - RIGHT)
    const colour = name === 'daimon' ? OWN : OTHER
    const middle = y + BAR - 3
    lines.push(
      text(LEFT - 8, middle, 'end', name),
      `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${colour}"/>`,
      text((LEFT + width + 6).toFixed(1), middle, 'start', number(value, unit)),
    )
    y += BAR + GAP
  }
  return { lines, end: y + GAP }
}

export function plot(report) {
  const panels = Object.entries(SHOWN)
    .map(([key, title]) => {
      const [, , unit] = FIGURES.find(([name]) => name === key)
      const bars = report.peers
        .map(({ name, figures }) => ({ name, value: figures[key] }))
        .filter(({ value }) => value !== undefined)
      return { label: title.replace('MANY', report.many), unit, bars }
    })
    .filter(({ bars }) => bars.length > 0)
  const lines = []
  let height = 0
  for (const one of panels) {
    const { lines: own, end } = panel(one, height)
    lines.push(...own)
    height = end
  }
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">`
  return `${[head, '<rect width="100%" height="100%" fill="white"/>', ...lines, '</svg>'].join('\n')}\n`
}

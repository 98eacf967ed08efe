import { byId } from './elements.js'
import type { Sample } from './page-state.js'

const width = 600
const height = 120
const shortestMs = 60_000

/** How much time a plot shows: since its first sample, a minute at least. */
export function spanOf(samples: readonly Sample[], now: number): number {
  return Math.max(shortestMs, now - (samples[0]?.[0] ?? now))
}

/** What a plot shows, and what it is called by those who do not see it. */
export interface Plot {
  readonly samples: readonly Sample[]
  readonly now: number
  readonly label: (highest: number) => string
}

/** Draws a line into the plot's element. The highest value is at its top, 1 at least. */
export function drawPlot(id: string, { samples, now, label }: Plot): void {
  const plot = byId(id)
  const values = samples.map(([, value]) => value)
  const highest = Math.max(1, ...values)
  const spanMs = spanOf(samples, now)
  const steps = samples.map(([at, value], index) => {
    const x = width * (1 - (now - at) / spanMs)
    const y = height - (height - 4) * (value / highest)
    return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`
  })
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  line.setAttribute('d', steps.join(' '))
  plot.setAttribute('aria-label', label(Math.max(0, ...values)))
  plot.replaceChildren(line)
}

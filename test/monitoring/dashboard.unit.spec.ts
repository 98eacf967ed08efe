import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../docs/interface-docs.js'
import { readRows } from '../docs/markdown.js'

interface Panel {
  readonly id: number
  readonly title: string
  readonly targets: readonly { readonly expr: string }[]
}

const file = path.join(root, 'packages/pigeonhole/monitoring/dashboard.json')
const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { panels: readonly Panel[] }
const types = new Map(readRows('metrics.md').map(([name, type]) => [name, type]))

/** The metric that a series is of: those of a histogram have endings. */
function metricOf(series: string): string {
  const histogram = series.replace(/_(bucket|sum|count)$/, '')
  return types.get(`\`${histogram}\``) === 'histogram' ? histogram : series
}

describe('monitoring/dashboard.json', () => {
  it('has panels, each of its own id', () => {
    expect(panels.length).toBe(12)
    expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length)
  })

  it.each(panels)('asks in "$title" for metrics that are documented', ({ targets }) => {
    const names = targets.map(({ expr }) => expr.match(/pigeonhole_\w+/g) ?? [])
    expect(names).not.toContainEqual([])
    expect(names.flat().filter((name) => !types.has(`\`${metricOf(name)}\``))).toEqual([])
  })
})

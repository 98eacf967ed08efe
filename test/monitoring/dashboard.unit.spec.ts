import { describe, expect, it } from 'vitest'
import { readRows } from '../docs/markdown.js'
import { panels } from './dashboard.js'

const types = new Map(readRows('metrics.md').map(([name, type]) => [name, type]))

/** The metric that a series is of: those of a histogram have endings. */
function metricOf(series: string): string {
  const histogram = series.replace(/_(bucket|sum|count)$/, '')
  return types.get(`\`${histogram}\``) === 'histogram' ? histogram : series
}

describe('monitoring/dashboard.json', () => {
  it('has panels, each of its own id', () => {
    expect(panels.length).toBe(13)
    expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length)
  })

  it.each(panels)('asks in "$title" for metrics that are documented', ({ targets }) => {
    const names = targets.map(({ expr }) => expr.match(/pigeonhole_\w+/g) ?? [])
    expect(names).not.toContainEqual([])
    expect(names.flat().filter((name) => !types.has(`\`${metricOf(name)}\``))).toEqual([])
  })
})

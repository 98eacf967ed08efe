import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { root } from '../docs/interface-docs.js'
import { readRows, readTable } from '../docs/markdown.js'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string }
}

const file = path.join(root, 'packages/pigeonhole/monitoring/alerts.yml')
const { groups } = parse(readFileSync(file, 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)
const played = readFileSync(path.join(root, 'test/monitoring/alerts-test.yml'), 'utf8')
const documented = new Set(readRows('metrics.md').map(([name]) => name))

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  const headings = readFileSync(path.join(root, page), 'utf8').match(/(?<=^#+ ).+$/gm) ?? []
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

describe('monitoring/alerts.yml', () => {
  it('has alerts, each of its own name', () => {
    expect(rules.length).toBe(13)
    expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length)
  })

  it('has the alerts that docs/metrics.md names, and no other', () => {
    const rows = readTable('metrics.md', 'Alarms')
    expect(rows.map(([name]) => name)).toEqual(rules.map((rule) => `\`${rule.alert}\``))
  })

  it.each(rules)('asks in $alert for metrics that are documented', ({ expr }) => {
    const names = expr.match(/pigeonhole_\w+/g) ?? []
    expect(names).not.toEqual([])
    expect(names.filter((name) => !documented.has(`\`${name}\``))).toEqual([])
  })

  it.each(rules)('has $alert fire in what promtool plays', ({ alert }) => {
    expect(played).toContain(alert)
  })

  it.each(rules)('says of $alert how bad it is, and what it is', ({ labels, annotations }) => {
    expect(['critical', 'warning']).toContain(labels.severity)
    expect(annotations.summary).not.toBe('')
    expect(annotations.description).not.toBe('')
  })

  it.each(rules)('leads from $alert to a runbook that exists', ({ annotations }) => {
    const [page = '', anchor] = annotations.runbook.split('#')
    expect(['docs/operations.md', 'docs/metrics.md']).toContain(page)
    expect(anchorsOf(page)).toContain(anchor)
  })
})

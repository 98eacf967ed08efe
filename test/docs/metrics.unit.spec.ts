import { readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { root } from './interface-docs.js'
import { readTable } from './markdown.js'

const folder = path.join(root, 'packages/pigeonhole/src')

/** Metrics with their help, as a source file has them. */
function readHelp(file: string): ReadonlyMap<string, string> {
  const text = readFileSync(file, 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const help = new Map<string, string>()
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && ts.isStringLiteral(node.initializer))
      help.set(node.name.getText(source), node.initializer.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return help
}

const read = (...file: readonly string[]): string => readFileSync(path.join(...file), 'utf8')

describe.each([
  {
    part: 'The metrics',
    count: 17,
    help: readHelp(path.join(folder, 'worker/metric-help.ts')),
    metrics: read(folder, 'worker/metrics.ts'),
  },
  {
    part: 'Of an inbox',
    count: 4,
    help: readHelp(path.join(folder, 'inbox-metrics/inbox-metric-help.ts')),
    metrics:
      read(folder, 'inbox-metrics/measure-inbox.ts') + read(folder, 'inbox-metrics/measure-inbox-run.ts'),
  },
  {
    part: 'Of idempotency keys',
    count: 2,
    help: readHelp(path.join(folder, 'idempotency-metrics/idempotency-metric-help.ts')),
    metrics: read(folder, 'idempotency-metrics/measure-idempotency.ts'),
  },
])('docs/metrics.md, $part', ({ part, count, help, metrics }) => {
  const rows = readTable('metrics.md', part)

  it('has a row for each metric, and no other', () => {
    expect(help.size).toBe(count)
    expect(rows.map(([name]) => name)).toEqual([...help.keys()].map((name) => `\`${name}\``))
  })

  it.each([...help])('says of %s what its help says', (name, text) => {
    const [, , , meaning] = rows.find(([cell]) => cell === `\`${name}\``) ?? []
    expect(meaning).toBe(`${text}.`)
  })

  it.each([...help.keys()])('has %s', (name) => {
    expect(metrics).toContain(`'${name}'`)
  })
})

import { readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { root } from './interface-docs.js'
import { readTable } from './markdown.js'

const folder = path.join(root, 'packages/pigeonhole/src/worker')

/** The metrics of the worker with their help, as the source has them. */
function readHelp(): ReadonlyMap<string, string> {
  const text = readFileSync(path.join(folder, 'metric-help.ts'), 'utf8')
  const source = ts.createSourceFile('metric-help.ts', text, ts.ScriptTarget.Latest, true)
  const help = new Map<string, string>()
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && ts.isStringLiteral(node.initializer))
      help.set(node.name.getText(source), node.initializer.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return help
}

const help = readHelp()
const metrics = readFileSync(path.join(folder, 'metrics.ts'), 'utf8')
const rows = readTable('metrics.md', 'The metrics')

describe('docs/metrics.md', () => {
  it('has a row for each metric, and no other', () => {
    expect(help.size).toBeGreaterThan(10)
    expect(rows.map(([name]) => name)).toEqual([...help.keys()].map((name) => `\`${name}\``))
  })

  it.each([...help])('says of %s what its help says', (name, text) => {
    const [, , , meaning] = rows.find(([cell]) => cell === `\`${name}\``) ?? []
    expect(meaning).toBe(`${text}.`)
  })

  it.each([...help.keys()])('the worker has %s', (name) => {
    expect(metrics).toContain(`'${name}'`)
  })
})

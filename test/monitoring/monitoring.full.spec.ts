import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { root } from '../docs/interface-docs.js'
import { panels } from './dashboard.js'

const monitoring = path.join(root, 'packages/pigeonhole/monitoring')

function promtool(...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', [...args], { encoding: 'utf8' })
  if (error !== undefined) throw error
  return `${stdout}${stderr}exit ${status}`
}

describe('promtool', () => {
  it('takes the alert rules', () => {
    expect(promtool('check', 'rules', path.join(monitoring, 'alerts.yml'))).toMatch(
      /SUCCESS: 13 rules found\s+exit 0$/,
    )
  })

  it('sees each alert fire where it should, and nowhere else', () => {
    expect(promtool('test', 'rules', path.join(root, 'test/monitoring/alerts-test.yml'))).toMatch(
      /SUCCESS\s+exit 0$/,
    )
  })

  it('takes every query of the dashboard', () => {
    const queries = panels.flatMap((panel) => panel.targets.map(({ expr }) => expr))
    const rules = queries.map((expr, query) => ({ record: `query_${query}`, expr }))
    const folder = mkdtempSync(path.join(tmpdir(), 'pigeonhole-dashboard-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = path.join(folder, 'rules.yml')
    // JSON is YAML, too.
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    expect(promtool('check', 'rules', file)).toMatch(
      new RegExp(`SUCCESS: ${queries.length} rules found\\s+exit 0$`),
    )
  })
})

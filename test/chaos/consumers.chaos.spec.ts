import { expect, it } from 'vitest'
import { lanes } from './plan.js'
import { reportChaos } from './report.js'
import { runChaos } from './run.js'
import { shortConsumerRun } from './short-run.js'

const command = 'npm run setup && npx vitest run --project chaos test/chaos/consumers'

it('handles each message once and in order, and publishes of it once, while everything is killed, paused and cut off', {
  timeout: 900_000,
}, async () => {
  const outcome = await runChaos(shortConsumerRun)
  const report = reportChaos(outcome, command)
  console.log(report)
  expect(outcome.passed, report).toBe(true)
  const { counts } = outcome.history
  expect(
    lanes.consumers.filter((kind) => counts.get(kind) === 0),
    report,
  ).toEqual([])
  expect(counts.get('consumer killed at a point'), report).toBeGreaterThan(0)
  for (const { verdict } of outcome.rounds) expect(verdict.effects?.expected, report).toBeGreaterThan(100)
})

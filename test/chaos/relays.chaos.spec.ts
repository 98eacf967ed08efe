import { expect, it } from 'vitest'
import { lanes } from './plan.js'
import { reportChaos } from './report.js'
import { runChaos } from './run.js'
import { shortRun } from './short-run.js'

const command = 'npm run setup && npx vitest run --project chaos test/chaos/relays'

it('loses, repeats, invents and reorders nothing while everything is killed, paused and cut off', {
  timeout: 900_000,
}, async () => {
  const outcome = await runChaos(shortRun)
  const report = reportChaos(outcome, command)
  console.log(report)
  expect(outcome.passed, report).toBe(true)
  const spared = Object.entries(lanes).filter(
    ([lane, kinds]) => lane !== 'consumers' && kinds.every((kind) => outcome.history.counts.get(kind) === 0),
  )
  expect(spared, report).toEqual([])
  for (const { verdict } of outcome.rounds) expect(verdict.log.committed, report).toBeGreaterThan(100)
})

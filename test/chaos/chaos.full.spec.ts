import { expect, it } from 'vitest'
import { lanes } from './plan.js'
import { reportChaos } from './report.js'
import { runChaos } from './run.js'

it('loses, repeats, invents and reorders nothing while everything is killed, paused and cut off', {
  timeout: 600_000,
}, async () => {
  const outcome = await runChaos({ seed: '4', faultsMs: 120_000, roundMs: 60_000 })
  expect(outcome.passed, reportChaos(outcome)).toBe(true)
  const spared = Object.entries(lanes).filter(([, kinds]) =>
    kinds.every((kind) => outcome.history.counts.get(kind) === 0),
  )
  expect(spared).toEqual([])
  for (const { verdict, batches } of outcome.rounds) {
    expect(verdict.log.committed).toBeGreaterThan(100)
    expect(batches).toBeGreaterThan(5)
  }
})

import { describe, expect, it } from 'vitest'
import { runHistories } from './run-histories.js'
import { isSituation, situations } from './situations.js'

/** So many of each: the guard that a situation is about is found within sixteen. */
const runsOfSituation = 30

/** The long run is `npm run model`; this one finds every guard that is taken out, and takes some 40 s. */
const runs = 5_000

/** It is all computing: on a machine that is busy with other things it takes several times as long. */
const timeoutMs = 300_000

describe('the relay against servers that crash, lie and go back', () => {
  it(
    'loses, repeats, invents and reorders nothing, stands still for nothing and halts for nothing',
    async () => {
      const { failure, messages, halted } = await runHistories({ runs, seed: 4 })
      expect(failure ?? '').toBe('')
      expect(messages).toBeGreaterThan(5 * runs)
      expect(halted).toBeGreaterThan(runs / 20)
    },
    timeoutMs,
  )

  it.each(Object.keys(situations).filter(isSituation))(
    'does so when %s',
    async (situation) => {
      const { failure, messages } = await runHistories({ runs: runsOfSituation, seed: 4, situation })
      expect(failure ?? '').toBe('')
      expect(messages).toBeGreaterThan(runsOfSituation)
    },
    timeoutMs,
  )
})

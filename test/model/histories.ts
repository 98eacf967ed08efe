import * as fc from 'fast-check'
import {
  adoptions,
  choice,
  type Divergence,
  divergences,
  divisions,
  fate,
  type History,
  inTurn,
  lease,
  lively,
  ordinary,
  plain,
  refusals,
  type Step,
  some,
  strike,
} from './steps.js'

const anyDivergence = plain(...(Object.keys(divergences) as Divergence[]))

// Most histories have no divergence, so that nothing excuses a relay that stands still. None has two of them: they could make
// both sides forget the same batch, and nobody could tell then. The last four kinds are what a guard alone stands for that
// chance would rarely come to: a standby that is behind what was sent while a relay is between two statements, a copy whose relay
// takes turns with the original's, a log that loses its end, and a release that is struck step by step.
const steps: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.oneof(...ordinary), { minLength: 5, maxLength: 60, size: 'max' }) },
  { weight: 3, arbitrary: some(60, ordinary, refusals) },
  { weight: 2, arbitrary: some(50, ordinary, divisions, refusals.slice(0, 3)) },
  { weight: 3, arbitrary: inTurn(some(40, ordinary), anyDivergence, some(40, ordinary, adoptions)) },
  {
    weight: 1,
    arbitrary: inTurn(
      some(8, lively),
      plain('replicate'),
      some(8, lively),
      plain('fail over'),
      some(16, lively),
    ),
  },
  {
    weight: 2,
    arbitrary: inTurn(some(8, lively), plain('clone'), some(8, lively), lease, some(24, lively)),
  },
  {
    weight: 1,
    arbitrary: inTurn(
      some(8, lively),
      plain('remember log'),
      some(12, lively),
      plain('truncate'),
      some(16, lively),
    ),
  },
  {
    weight: 3,
    arbitrary: inTurn(
      some(8, lively),
      fc.record({ do: fc.constant('refuse' as const), choice }),
      some(16, lively),
      plain('accept'),
      plain('retry parked'),
      some(10, [
        {
          weight: 4,
          arbitrary: fc.record({
            do: fc.constant('run' as const),
            calls: fc.integer({ min: 1, max: 4 }),
            choice,
          }),
        },
        { weight: 2, arbitrary: fate },
        { weight: 1, arbitrary: strike },
        { weight: 1, arbitrary: fc.record({ do: fc.constant('discard parked' as const), choice }) },
      ]),
      some(12, lively, refusals),
    ),
  },
)

/** Any history. */
export const histories: fc.Arbitrary<History> = fc.record({
  shards: fc.integer({ min: 1, max: 2 }),
  relays: fc.integer({ min: 1, max: 3 }),
  batchRows: fc.integer({ min: 1, max: 4 }),
  steps,
})

import { formatFaults } from '@pigeonhole/testing'
import { pointNames } from './plan.js'
import type { RoundOutcome } from './round.js'
import type { ChaosOutcome } from './run.js'

/** What a run has to say: the faults by kind, what was checked, the verdict; and the history, if it has failed. */
export function reportChaos(outcome: ChaosOutcome): string {
  const { seed, history, rounds, passed } = outcome
  const counts = [...history.counts].map(([kind, count]) => `${String(count).padStart(6)}  ${kind}`)
  const points = `${history.points.size} of ${pointNames.length} named points struck`
  return [
    ...(passed ? [] : ['History:', ...history.lines, '']),
    `Seed ${seed}. Faults:`,
    ...counts,
    `        ${points}`,
    '',
    ...sums(rounds).map(([what, count]) => `${String(count).padStart(6)}  ${what}`),
    ...complaints(outcome),
    '',
    passed ? `PASSED (seed ${seed})` : `FAILED (seed ${seed}). Again: npm run chaos -- --seed ${seed}`,
  ].join('\n')
}

function sums(rounds: readonly RoundOutcome[]): [string, number][] {
  const sum = (of: (round: RoundOutcome) => number): number =>
    rounds.reduce((total, round) => total + of(round), 0)
  return [
    ['rounds', rounds.length],
    ['messages committed', sum(({ verdict }) => verdict.log.committed)],
    ['messages in the log', sum(({ verdict }) => verdict.log.logged)],
    ['lost, invented, duplicated, altered, or out of order', sum(({ verdict }) => verdict.faults)],
    ['acknowledged commits that a crash took back', sum(({ takenBack }) => takenBack)],
    ['transactions rolled back', sum(({ rolledBack }) => rolledBack)],
    ['transactions whose end nobody was told', sum(({ uncertain }) => uncertain)],
    ['batches', sum(({ batches }) => batches)],
    ['batches amid the faults', sum(({ batchesAmidFaults }) => batchesAmidFaults)],
    ['openings after an error', sum(({ reopened }) => reopened)],
  ]
}

function complaints({ rounds, error }: ChaosOutcome): string[] {
  const found = rounds.flatMap(({ verdict, halts }) => [
    ...formatFaults(verdict),
    ...halts.map((halt) => `halted: ${halt}`),
  ])
  return error === undefined ? found : [...found, `The run broke off: ${describe(error)}`]
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

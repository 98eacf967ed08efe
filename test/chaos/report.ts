import { type ExactlyOnceVerdict, formatFaults } from '@pigeonhole/testing'
import type { RoundOutcome } from './round.js'
import type { ChaosOutcome } from './run.js'

/** What a run has to say: the faults by kind, what was checked, the verdict; and the history, if it has failed. */
export function reportChaos(outcome: ChaosOutcome, command: string): string {
  const { seed, history, passed } = outcome
  return [
    ...(passed ? [] : ['History:', ...history.lines, '']),
    `Seed ${seed}. Faults injected:`,
    ...listCounts([...history.counts]),
    ...pointLines(outcome),
    ...(history.missed.size > 0
      ? ['', 'Planned, and nothing came by:', ...listCounts([...history.missed])]
      : []),
    '',
    ...listCounts(sums(outcome)),
    '',
    ...verdicts(outcome),
    ...complaints(outcome),
    '',
    passed ? `PASSED (seed ${seed})` : `FAILED (seed ${seed}). Again: ${command}`,
  ].join('\n')
}

function listCounts(counts: readonly (readonly [string, number])[]): string[] {
  return counts.map(([what, count]) => `${String(count).padStart(7)}  ${what}`)
}

function pointLines({ history }: ChaosOutcome): string[] {
  const { struckPoints, unstruckPoints } = history
  const total = struckPoints + unstruckPoints.length
  const open = unstruckPoints.length > 0 ? ['', 'Named points not struck:'] : []
  return [
    ...listCounts([[`of ${total} named points struck`, struckPoints]]),
    ...open,
    ...unstruckPoints.map((name) => `         ${name}`),
  ]
}

function sums({ rounds, history }: ChaosOutcome): [string, number][] {
  const sum = (of: (round: RoundOutcome) => number): number => rounds.reduce((all, it) => all + of(it), 0)
  return [
    ['faults in all', [...history.counts.values()].reduce((all, count) => all + count, 0)],
    ['rounds', rounds.length],
    ['outboxes beside them', sum(({ sideVerdicts }) => sideVerdicts.length)],
    ['commits acknowledged', sum(({ acknowledged }) => acknowledged)],
    ['of them taken back by a crash', sum(({ takenBack }) => takenBack)],
    ['transactions with an id of one taken back', sum(({ reusedXids }) => reusedXids)],
    ['transactions rolled back', sum(({ rolledBack }) => rolledBack)],
    ['transactions whose end nobody was told', sum(({ uncertain }) => uncertain)],
    ['batches', sum(({ batches }) => batches)],
    ['batches amid the faults', sum(({ batchesAmidFaults }) => batchesAmidFaults)],
    ['openings after an error', sum(({ reopened }) => reopened)],
    ['records parked', sum(({ parkedRecords }) => parkedRecords)],
    ['topics paused', sum(({ pausedTopics }) => pausedTopics)],
    ['keys and topics sent again', sum(({ released }) => released)],
    ['consumers started', sum(({ consumersStarted }) => consumersStarted)],
    ['times that they were given partitions', sum(({ rebalances }) => rebalances)],
    ['times divided anew', sum(({ resharded }) => resharded)],
  ]
}

function verdicts({ rounds }: ChaosOutcome): string[] {
  const all = rounds.flatMap(({ verdict, sideVerdicts }) => [verdict, ...sideVerdicts])
  const sum = (of: (log: ExactlyOnceVerdict['log']) => number): number =>
    all.reduce((total, { log }) => total + of(log), 0)
  const line = (what: string, faults: number): string => `  ${faults === 0 ? 'holds ' : 'BROKEN'}  ${what}`
  const lost = sum((log) => log.lost.count)
  const foreign = sum((log) => log.invented.count)
  const again = sum((log) => log.duplicated.count)
  const altered = sum((log) => log.altered.count)
  const disorder = sum((log) => log.outOfOrder.count)
  const scattered = sum((log) => log.scattered.count)
  return [
    line(`${sum((log) => log.committed)} committed rows that survived: ${lost} not in the log`, lost),
    line(
      `${sum((log) => log.logged)} records of the read_committed log: ${foreign} invented, ${again} duplicated, ${altered} altered`,
      foreign + again + altered,
    ),
    ...effectLines(all, line),
    line(
      `order per key: ${disorder} out of order, ${scattered} keys in two partitions`,
      disorder + scattered,
    ),
  ]
}

type Line = (what: string, faults: number) => string

function effectLines(all: readonly ExactlyOnceVerdict[], line: Line): string[] {
  const found = all.flatMap(({ effects }) => effects ?? [])
  if (found.length === 0) return []
  const sum = (of: (effects: (typeof found)[number]) => number): number =>
    found.reduce((total, effects) => total + of(effects), 0)
  const missing = sum(({ missing: it }) => it.count)
  const again = sum(({ duplicated }) => duplicated.count)
  const foreign = sum(({ invented, altered }) => invented.count + altered.count)
  const disorder = sum(({ outOfOrder }) => outOfOrder.count)
  return [
    line(
      `${sum(({ expected }) => expected)} messages handled: ${missing} without an effect, ${again} effects repeated, ${foreign} invented or altered, ${disorder} out of order`,
      missing + again + foreign + disorder,
    ),
  ]
}

function complaints({ rounds, error }: ChaosOutcome): string[] {
  const found = rounds.flatMap(({ verdict, sideVerdicts, halts }) => [
    ...[verdict, ...sideVerdicts].flatMap((it) => formatFaults(it)),
    ...halts.map((halt) => `halted: ${halt}`),
  ])
  return error === undefined ? found : [...found, `The run broke off: ${describe(error)}`]
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

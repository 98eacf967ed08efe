import { ChaosCluster } from './cluster.js'
import { History } from './history.js'
import { Plan } from './plan.js'
import { type RoundOutcome, runRound } from './round.js'

/** What {@link runChaos} takes. */
export interface ChaosOptions {
  readonly seed: string
  /** How long things are broken, all rounds together, in milliseconds. */
  readonly faultsMs: number
  /** How long they are in one round. @default 60000 */
  readonly roundMs?: number
  /** Hears of each round. */
  readonly log?: (line: string) => void
}

/** What has come of a run. */
export interface ChaosOutcome {
  readonly seed: string
  readonly history: History
  readonly rounds: readonly RoundOutcome[]
  /** What ended the run before its time. */
  readonly error?: unknown
  /** Everything that was committed is in the log once and in order, nothing else is, and no relay has halted. */
  readonly passed: boolean
}

/** Rounds of faults on servers of the run's own, until the time is over or one has failed. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { seed, faultsMs, roundMs = 60_000, log = () => undefined } = options
  const history = new History()
  const plan = new Plan(seed)
  const rounds: RoundOutcome[] = []
  const outcome = { seed, history, rounds }
  try {
    await using cluster = await ChaosCluster.start()
    for (let left = faultsMs; left > 0; left -= roundMs) {
      const shards = (rounds.length % 3) + 1
      const round = await runRound({ cluster, plan, history, faultsMs: Math.min(left, roundMs), shards })
      rounds.push(round)
      log(describeRound(rounds.length, round))
      if (!hasPassed(round)) return { ...outcome, passed: false }
    }
    return { ...outcome, passed: rounds.length > 0 }
  } catch (error) {
    return { ...outcome, error, passed: false }
  }
}

function hasPassed({ verdict, halts }: RoundOutcome): boolean {
  return verdict.passed && halts.length === 0
}

function describeRound(number: number, round: RoundOutcome): string {
  const { verdict, takenBack, batches, reopened } = round
  const { committed, logged } = verdict.log
  return (
    `round ${number}: ${hasPassed(round) ? 'passed' : 'FAILED'}, ${committed} committed, ${logged} in the log, ` +
    `${verdict.faults} faults, ${takenBack} taken back, ${batches} batches, ${reopened} reopenings`
  )
}

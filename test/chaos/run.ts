import { ChaosCluster } from './cluster.js'
import { History } from './history.js'
import { type Lane, Plan } from './plan.js'
import { type Extent, RelaysHalted, type RoundOutcome, runRound } from './round.js'

/** What {@link runChaos} takes. */
export interface ChaosOptions {
  readonly seed: string
  /** One for each round. */
  readonly rounds: readonly Extent[]
  /** Hears of each round. */
  readonly log?: (line: string) => void
  /** Hears of everything. */
  readonly follow?: (line: string) => void
}

/** What has come of a run. */
export interface ChaosOutcome {
  readonly seed: string
  readonly history: History
  readonly rounds: readonly RoundOutcome[]
  /** What ended the run before its time. */
  readonly error?: unknown
  /** Something is lost, invented, repeated, altered or out of order, or a relay has halted. */
  readonly violated: boolean
  /** Everything that was committed is in the log once and in order, nothing else is, and no relay has halted. */
  readonly passed: boolean
}

/** Rounds of faults on servers of the run's own, until all are over or one has failed. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { seed, follow, log = () => undefined } = options
  const history = new History(follow)
  const plan = new Plan(seed)
  const rounds: RoundOutcome[] = []
  const outcome = { seed, history, rounds }
  try {
    await using cluster = await ChaosCluster.start()
    for (const extent of options.rounds) {
      const shards = (rounds.length % 3) + 1
      const round = await runRound({ cluster, plan, history, extent, shards })
      rounds.push(round)
      log(describeRound(rounds.length, round))
      if (!hasPassed(round)) return { ...outcome, violated: true, passed: false }
    }
    return { ...outcome, violated: false, passed: rounds.length > 0 }
  } catch (error) {
    return { ...outcome, error, violated: error instanceof RelaysHalted, passed: false }
  }
}

const calm: readonly Lane[] = ['relays', 'operators', 'otherDatabases', 'consumers']

/**
 * Rounds of 90 seconds, `ms` together. In every other one nothing is broken from outside but relays, so that processes come to
 * their named points. With `lanes`, nothing else is in any.
 */
export function roundsOf(ms: number, lanes?: readonly Lane[]): Extent[] {
  const roundMs = 90_000
  return Array.from({ length: Math.ceil(ms / roundMs) }, (_, i) => {
    const broken = lanes ?? (i % 2 === 1 ? calm : undefined)
    // Every round of the one kind and of the other, without consumers and with them.
    const consumers = lanes?.includes('consumers') || i % 4 >= 2 ? 3 : 0
    return { ms: Math.min(roundMs, ms - i * roundMs), consumers, ...(broken && { lanes: broken }) }
  })
}

function hasPassed({ verdict, sideVerdicts, halts }: RoundOutcome): boolean {
  // An outbox of its own may have lost all that it was given in a crash.
  return verdict.passed && sideVerdicts.every(({ faults }) => faults === 0) && halts.length === 0
}

function describeRound(number: number, round: RoundOutcome): string {
  const { verdict, sideVerdicts, takenBack, batches, reopened, resharded } = round
  const { committed, logged } = verdict.log
  const faults = [verdict, ...sideVerdicts].reduce((sum, it) => sum + it.faults, 0)
  return (
    `round ${number}: ${hasPassed(round) ? 'passed' : 'FAILED'}, ${committed} committed, ${logged} in the log, ` +
    `${faults} faults, ${takenBack} taken back, ${batches} batches, ${reopened} reopenings, ${resharded} times divided anew, ` +
    `${sideVerdicts.length} outboxes beside it`
  )
}

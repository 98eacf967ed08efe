import { compareEffects, type EffectFindings } from './compare-effects.js'
import { compareLog, type LogFindings } from './compare-log.js'
import type { Finding } from './finding.js'
import type { CommittedMessage, Effect, LoggedMessage } from './messages.js'

/** What {@link checkExactlyOnce} compares. The order of the lists does not matter. */
export interface ExactlyOnceEvidence {
  /** What the database says: the messages of its committed transactions. */
  readonly committed: readonly CommittedMessage[]
  /** What a `read_committed` consumer finds, see `readLog`: every record of the topics of `committed`. */
  readonly log: readonly LoggedMessage[]
  /** What handling has left behind. Default: effects are not looked at. */
  readonly effects?: readonly Effect[]
  /** The messages that must have taken effect, once each. Default: those of `committed`. */
  readonly expected?: readonly CommittedMessage[]
}

/** What {@link checkExactlyOnce} has found. */
export interface ExactlyOnceVerdict {
  readonly log: LogFindings
  /** Absent where no effects were given. */
  readonly effects?: EffectFindings
  /** Nothing was committed, or effects were to be checked and none was expected: nothing is shown, so it never passes. */
  readonly empty: boolean
  /** Every count of every kind, added up. */
  readonly faults: number
  /** There was something to check, and no fault in it. */
  readonly passed: boolean
}

/**
 * Whether each committed message is in the log exactly once, in order per key, and nothing else is; and whether each
 * has taken effect exactly once, in that order.
 * @throws RangeError when ids do not tell the messages apart.
 */
export function checkExactlyOnce(evidence: ExactlyOnceEvidence): ExactlyOnceVerdict {
  const { committed, effects, expected = committed } = evidence
  const log = compareLog(committed, evidence.log)
  const found = effects && compareEffects(expected, effects)
  const empty = committed.length === 0 || (effects !== undefined && expected.length === 0)
  const faults = countFaults(log) + (found ? countFaults(found) : 0)
  return { log, ...(found && { effects: found }), empty, faults, passed: !empty && faults === 0 }
}

function countFaults(findings: LogFindings | EffectFindings): number {
  const parts: readonly (number | Finding)[] = Object.values(findings)
  return parts.reduce<number>((sum, part) => sum + (typeof part === 'number' ? 0 : part.count), 0)
}

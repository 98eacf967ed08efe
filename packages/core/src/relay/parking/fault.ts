import { isPigeonholeError, type PigeonholeError } from '../../errors/pigeonhole-error.js'
import type { ParkingReason } from '../../ports/parking.js'
import type { CapturedRow, RelayBatch } from '../../ports/relay-store.js'

/** A batch that was being sent when its pipeline ended. */
export interface BatchInFlight {
  readonly batch: RelayBatch
  readonly rows: readonly CapturedRow[]
}

/** One record that the broker refuses by itself. */
export interface RecordFault {
  readonly kind: 'record'
  readonly batch: RelayBatch
  readonly row: CapturedRow
  readonly error: PigeonholeError<'RECORD_REFUSED'>
}

/** A topic that takes nothing at the moment. */
export interface TopicFault {
  readonly kind: 'topic'
  readonly topic: string
  readonly error: PigeonholeError
}

/** What the next opening has to settle before it reads a page. */
export type Fault = RecordFault | TopicFault

/**
 * What a failed batch says: a fault of one record or of one topic; `divide` where it holds such a fault and others;
 * `slow` where no record is to blame, and a smaller batch may get through; otherwise undefined.
 */
export type Blame = Fault | 'divide' | 'slow' | undefined

/** What is to blame for `error`, with which a batch ended that was being sent. */
export function blame(error: unknown, { batch, rows }: BatchInFlight): Blame {
  const [row] = rows
  if (!row) return undefined
  if (isPigeonholeError(error, 'RECORD_REFUSED'))
    return rows.length === 1 ? { kind: 'record', batch, row, error } : 'divide'
  if (isPigeonholeError(error, 'TOPIC_MISSING')) return blameTopics(error, [error.details.topic], rows)
  if (isPigeonholeError(error, 'BROKER_ACCESS_DENIED'))
    return blameTopics(error, error.details.resource?.split(', ') ?? [], rows)
  return isPigeonholeError(error, 'BROKER_UNAVAILABLE', 'PRODUCER_FENCED') ? 'slow' : undefined
}

/** Why something is parked or paused, as it is kept. */
export function reasonOf({ error }: Fault): ParkingReason {
  return { code: error.code, error: error.message }
}

// A broker that refuses access to one of several topics does not say to which. What is none of the rows' topics is the
// relay's own: its checkpoint topic, its transactional id.
function blameTopics(error: PigeonholeError, topics: readonly string[], rows: readonly CapturedRow[]): Blame {
  const own = new Set(rows.map(({ topic }) => topic))
  const [topic] = topics
  if (topic === undefined || !topics.every((each) => own.has(each))) return undefined
  return topics.length === 1 ? { kind: 'topic', topic, error } : 'divide'
}

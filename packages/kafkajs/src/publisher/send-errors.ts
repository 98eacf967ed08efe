import { PigeonholeError } from '@pigeonhole/core'
import { brokerError, fencedError, isFenced, refusalOf } from './broker-errors.js'
import { type KafkaRecord, keyHash } from './kafka-record.js'

// What the broker answers for a record that it will not take however often it is sent. Not INVALID_TIMESTAMP: a record has the time
// of its sending, so that this tells of the relay's clock, and every record would be parked for it.
const recordTypes: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
])

/** The coded error for a rejection of a request with `records`. */
export function sendError(error: unknown, shard: number, records: readonly KafkaRecord[]): PigeonholeError {
  const refusal = refusalOf(error)
  if (refusal && isFenced(refusal)) return fencedError(error, shard)
  if (refusal && recordTypes.has(refusal.type)) return recordRefused(largestOf(records), refusal.type, error)
  const topic = [...new Set(records.map(({ row }) => row.topic))].join(', ')
  return brokerError(error, { doing: `sending records to ${topic}`, topic })
}

/** The coded error for a record that cannot be sent. It names the key by its hash only. */
export function recordRefused(
  { row }: Pick<KafkaRecord, 'row'>,
  reason: string,
  cause?: unknown,
): PigeonholeError<'RECORD_REFUSED'> {
  const details = { topic: row.topic, keyHash: keyHash(row.key), reason }
  return new PigeonholeError('RECORD_REFUSED', {
    message: `The broker refuses a record for topic ${row.topic} (key hash ${details.keyHash}): ${reason}`,
    details,
    ...(cause === undefined ? {} : { cause }),
  })
}

// kafkajs does not say which of several records it was: the largest is the likeliest, and alone it is certain.
function largestOf(records: readonly KafkaRecord[]): KafkaRecord {
  return records.reduce((a, b) => (b.bytes > a.bytes ? b : a))
}

import { type ErrorCode, isPigeonholeError } from '@pigeonhole/core'

const remedies: Partial<Record<ErrorCode, string>> = {
  SCHEMA_MISSING: 'pigeonhole migrate',
  SCHEMA_OUTDATED: 'pigeonhole migrate',
  RECORD_REFUSED:
    "raise the limits of broker and topic to the record's size, then pigeonhole parked retry; or pigeonhole parked discard",
  TOPIC_MISSING: 'create the topic: its messages follow by themselves',
  CHECKPOINT_TOPIC_INVALID: 'set cleanup.policy=compact on the checkpoint topic',
  RELAY_IDENTITY_CHANGED:
    'stop this worker if the original still runs; correct name, database and brokers; else pigeonhole adopt',
  RELAY_CHECKPOINT_LOST: 'restore the checkpoint topic, or correct the brokers; else pigeonhole adopt',
  RELAY_XID_AHEAD: 'stop every worker on this copy if the original still runs; else pigeonhole adopt',
  RELAY_KAFKA_WENT_BACK: 'pigeonhole adopt',
  RELAY_DATABASE_WENT_BACK: 'stop this worker if the original still runs; else pigeonhole adopt',
  RESHARD_INTERRUPTED: 'run pigeonhole reshard again, once no other one runs',
  KAFKAJS_UNSUPPORTED: 'npm install kafkajs@2.2.4',
}

/** What to do about an error, in a line; its page has the rest. */
export function remedyFor(error: unknown): string {
  return isPigeonholeError(error) ? remedyOf(error.code) : 'see docs/errors.md'
}

/** What to do about the errors of a code. */
export function remedyOf(code: string): string {
  const page = `docs/errors.md#${code.toLowerCase()}`
  const remedy = remedies[code as ErrorCode]
  return remedy === undefined ? `see ${page}` : `${remedy}; see ${page}`
}

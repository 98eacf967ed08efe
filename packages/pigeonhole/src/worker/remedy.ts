import { type ErrorCode, isPigeonholeError } from '@pigeonhole/core'

const remedies: Partial<Record<ErrorCode, string>> = {
  SCHEMA_MISSING: 'pigeonhole migrate',
  SCHEMA_OUTDATED: 'pigeonhole migrate',
  RECORD_REFUSED:
    "raise the limits of broker and topic to the record's size, or delete its row; then restart this worker",
  RELAY_IDENTITY_CHANGED:
    'correct name, database and brokers and restart this worker; stop it if the original still runs',
  RELAY_CHECKPOINT_LOST: 'restore the checkpoint topic, or correct the brokers; then restart this worker',
  RELAY_XID_AHEAD: 'stop every worker on this copy of the database',
  RELAY_KAFKA_WENT_BACK: 'find out what consumers have seen before anything is sent again',
  RELAY_DATABASE_WENT_BACK: 'stop every worker, and compare database and log before anything is sent again',
  KAFKAJS_UNSUPPORTED: 'npm install kafkajs@2.2.4',
}

/** What to do about an error, in a line; its page has the rest. */
export function remedyFor(error: unknown): string {
  const page = isPigeonholeError(error) ? `docs/errors.md#${error.code.toLowerCase()}` : 'docs/errors.md'
  const remedy = isPigeonholeError(error) ? remedies[error.code] : undefined
  return remedy === undefined ? `see ${page}` : `${remedy}; see ${page}`
}

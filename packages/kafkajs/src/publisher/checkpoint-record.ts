import type { Checkpoint } from '@pigeonhole/core'
import type { Message } from 'kafkajs'

/** Key of the records that say how far a shard has come. */
export const checkpointKey = 'checkpoint'

/** Key of the records that mark an opening of a shard. */
export const sessionKey = 'session'

const version = 1

/** The record of a checkpoint. */
export function checkpointRecord(shard: number, { number, token }: Checkpoint): Message {
  return { key: checkpointKey, value: JSON.stringify({ v: version, number, token }), partition: shard }
}

/** The record of an opening. */
export function sessionRecord(shard: number, session: string): Message {
  return { key: sessionKey, value: JSON.stringify({ v: version, session }), partition: shard }
}

/** @throws SyntaxError, TypeError when the bytes are not a checkpoint of a version that is known. */
export function parseCheckpoint(value: Buffer | null): Checkpoint {
  const { number, token } = parse(value)
  if (!Number.isSafeInteger(number) || typeof token !== 'string')
    throw new TypeError('a checkpoint needs number and token')
  return { number: number as number, token }
}

/** @throws SyntaxError, TypeError when the bytes are not a session of a version that is known. */
export function parseSession(value: Buffer | null): unknown {
  return parse(value)['session']
}

function parse(value: Buffer | null): Record<string, unknown> {
  const parsed = JSON.parse(String(value)) as Record<string, unknown> | null
  if (parsed?.['v'] !== version)
    throw new TypeError(`the record's version is ${String(parsed?.['v'])}, not ${version}`)
  return parsed
}

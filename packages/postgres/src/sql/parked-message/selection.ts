import type { ParkedSelection } from '@pigeonhole/core'
import { base64OrNull } from '../base64.js'
import type { SqlValue } from '../statement.js'
import { hasMessage, type IsOf } from './of-blocked.js'
import { isOutgoing } from './own.js'

/** That a parked message called `name` is the outbox's and of the selection $1, $2, $3. */
export function isSelected(name: string): string {
  return `${isOutgoing(name)} AND ${isAmong(name, 1)}`
}

/** That a parked message called `name` is of the selection whose three parameters begin with `first`. */
export function isAmong(name: string, first: number): string {
  return `($${first}::bigint[] IS NULL OR ${name}.id = ANY ($${first}::bigint[]))
      AND ($${first + 1}::text IS NULL OR ${name}.topic = $${first + 1}::text)
      AND ($${first + 2}::text IS NULL OR sha256(${name}.key) = sha256(decode($${first + 2}::text, 'base64')))`
}

/**
 * That a key called `blocked`, of the side or inbox that `isOf` tells, has a message of the selection whose three parameters begin with
 * `first`.
 */
export function isKeyAmong(schema: string, isOf: IsOf, first: number): string {
  const ids = `$${first}::bigint[]`
  return `(${ids} IS NULL OR (blocked.topic, blocked.key_digest) IN (
        SELECT message.topic, sha256(message.key) FROM ${schema}.parked_message AS message
        WHERE ${isOf('message')} AND message.id = ANY (${ids})))
      AND ($${first + 1}::text IS NULL OR blocked.topic = $${first + 1}::text)
      AND ($${first + 2}::text IS NULL OR blocked.key_digest = sha256(decode($${first + 2}::text, 'base64')))
      AND ${hasMessage(schema, isOf)}`
}

/**
 * That a parked message called `name`, of a key that {@link isKeyAmong} has found, is of the selection. IS TRUE: it is found by its key,
 * and not by looking up all ids for every key.
 */
export function isAmongOfKey(name: string, first: number): string {
  return `($${first}::bigint[] IS NULL OR (${name}.id = ANY ($${first}::bigint[])) IS TRUE)`
}

/** The three parameters of {@link isAmong}. */
export function bindSelection({ ids, topic, key }: ParkedSelection): SqlValue[] {
  return [ids ?? null, topic ?? null, base64OrNull(key ?? null)]
}

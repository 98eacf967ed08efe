import type { ParkingLook } from '@pigeonhole/core'
import { bool } from '../decode.js'
import type { Statement } from '../statement.js'
import { isOwn, ownShard } from './own.js'

/**
 * Whether anything is parked or paused in a shard, and whether something of it is due. What is due stands in small
 * tables, or is found by the index on retry_at.
 */
export const lookAtParking: Statement<number, ParkingLook> = {
  name: 'parked_message.look',
  text: (schema) => `
    WITH ${ownShard(schema)},
    paused AS (SELECT topic, retry_at FROM ${schema}.paused_topic WHERE shard = $1::smallint)
    SELECT
      EXISTS (SELECT FROM paused)
        OR EXISTS (SELECT FROM ${schema}.parked_key AS blocked WHERE ${isOwn('blocked')})
        OR EXISTS (SELECT FROM ${schema}.parked_message AS message WHERE ${isOwn('message')}) AS parked,
      EXISTS (SELECT FROM paused WHERE retry_at <= statement_timestamp())
        OR EXISTS (
          SELECT FROM ${schema}.parked_key AS blocked
          WHERE ${isOwn('blocked')} AND retry_at <= statement_timestamp() AND topic NOT IN (SELECT topic FROM paused))
        OR EXISTS (
          SELECT FROM ${schema}.parked_message AS message
          WHERE ${isOwn('message')} AND retry_at <= statement_timestamp() AND topic NOT IN (SELECT topic FROM paused)) AS due`,
  bind: (shard) => [shard],
  decode: (row) => ({ parked: bool(row, 'parked'), due: bool(row, 'due') }),
}

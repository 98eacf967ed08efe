import type { PositionRewind } from '@pigeonhole/core'
import { noRow, type Statement } from '../statement.js'

/** Moves a position back, if it stands where it is thought to. A row says that it has moved. */
export const rewindInboxPosition: Statement<PositionRewind, null> = {
  name: 'inbox_position.rewind',
  text: (schema) => `
    UPDATE ${schema}.inbox_position SET next_offset = $5::bigint
    WHERE inbox = $1::text AND topic = $2::text AND partition = $3::int AND next_offset = $4::bigint
    RETURNING 1 AS moved`,
  bind: ({ inbox, topic, partition, from, to }) => [inbox, topic, partition, String(from), String(to)],
  decode: noRow,
}

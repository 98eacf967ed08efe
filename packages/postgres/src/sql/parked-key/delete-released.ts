import { isOwn, ownShard } from '../parked-message/own.js'
import { noRow, type Statement } from '../statement.js'

/** Unblocks the keys of a shard that were to be sent again and of which nothing is left. */
export const deleteReleasedKeys: Statement<number, null> = {
  name: 'parked_key.delete_released',
  text: (schema) => `
    WITH ${ownShard(schema)}
    DELETE FROM ${schema}.parked_key AS blocked
    WHERE ${isOwn('blocked')} AND retry_at IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM ${schema}.parked_message AS message
        WHERE message.side = blocked.side AND message.scope = blocked.scope AND message.topic = blocked.topic
          AND message.key = blocked.key)`,
  bind: (shard) => [shard],
  decode: noRow,
}

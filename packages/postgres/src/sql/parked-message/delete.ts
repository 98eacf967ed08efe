import { noRow, type Statement } from '../statement.js'
import { isOutgoing } from './own.js'

/** Removes parked messages of the outbox by their places. */
export const deleteParkedMessages: Statement<readonly string[], null> = {
  name: 'parked_message.delete',
  text: (schema) => `
    DELETE FROM ${schema}.parked_message AS message WHERE ${isOutgoing('message')} AND id = ANY ($1::bigint[])`,
  bind: (places) => [places],
  decode: noRow,
}

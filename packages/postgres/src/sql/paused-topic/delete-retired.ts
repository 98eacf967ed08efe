import { noRow, type Statement } from '../statement.js'

/**
 * Ends the pauses of every shard from a number on: what they held goes on with its buckets, and its new owner pauses the
 * topic anew. Nobody would end them otherwise.
 */
export const deleteRetiredPauses: Statement<{ readonly first: number }, null> = {
  name: 'paused_topic.delete_retired',
  text: (schema) => `DELETE FROM ${schema}.paused_topic WHERE shard >= $1::smallint`,
  bind: ({ first }) => [first],
  decode: noRow,
}

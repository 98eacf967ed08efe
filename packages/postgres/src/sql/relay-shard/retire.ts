import { noRow, type Statement } from '../statement.js'

/** Retires every shard from a number on. Its row and its last batch stay, in case it comes back. */
export const retireRelayShards: Statement<{ readonly first: number }, null> = {
  name: 'relay_shard.retire',
  text: (schema) => `
    UPDATE ${schema}.relay_shard
    SET first_bucket = NULL, last_bucket = NULL
    WHERE shard >= $1::smallint`,
  bind: ({ first }) => [first],
  decode: noRow,
}

import { noRow, type Statement } from '../statement.js'

/** Makes the row of a shard if it is not there. */
export const insertRelayShard: Statement<number, null> = {
  name: 'relay_shard.insert',
  text: (schema) =>
    `INSERT INTO ${schema}.relay_shard (shard) VALUES ($1::smallint) ON CONFLICT (shard) DO NOTHING`,
  bind: (shard) => [shard],
  decode: noRow,
}

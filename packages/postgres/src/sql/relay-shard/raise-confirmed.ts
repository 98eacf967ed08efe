import { noRow, type Statement } from '../statement.js'

/** A batch that is known to be confirmed. */
export interface RaiseConfirmedParams {
  readonly shard: number
  readonly number: number
}

/** Raises `confirmed` of a shard whose row the transaction has locked. */
export const raiseConfirmed: Statement<RaiseConfirmedParams, null> = {
  name: 'relay_shard.raise_confirmed',
  text: (schema) => `
    UPDATE ${schema}.relay_shard
    SET confirmed = greatest(confirmed, $2::bigint)
    WHERE shard = $1::smallint`,
  bind: ({ shard, number }) => [shard, String(number)],
  decode: noRow,
}

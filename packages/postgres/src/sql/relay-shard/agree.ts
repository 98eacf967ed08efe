import { noRow, type Statement } from '../statement.js'

/** Notes the lease's token as one under which PostgreSQL and Kafka agree on the shard. */
export const agreeOnRelayShard: Statement<number, null> = {
  name: 'relay_shard.agree',
  text: (schema) => `
    UPDATE ${schema}.relay_shard
    SET agreed_token = lease_token
    WHERE shard = $1::smallint`,
  bind: (shard) => [shard],
  decode: noRow,
}

import { noRow, type Statement } from '../statement.js'

/**
 * Has what is published from now on written to another partition. Who has read the slot before writes to the former one:
 * its row is read, and waited for, there.
 */
export const turnOutboxRing: Statement<number, null> = {
  name: 'outbox_ring.turn',
  text: (schema) => `
    UPDATE ${schema}.outbox_ring
    SET closed_at[slot + 1] = clock_timestamp(), opened_at = clock_timestamp(), slot = $1::smallint`,
  bind: (slot) => [slot],
  decode: noRow,
}

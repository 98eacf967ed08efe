import { noRow, type Statement } from '../statement.js'

/** Deletes messages of the outbox by their seq. */
export const deleteMessagesBySeq: Statement<readonly string[], null> = {
  name: 'outbox_message.delete_by_seq',
  text: (schema) => `DELETE FROM ${schema}.outbox_message WHERE seq = ANY ($1::bigint[])`,
  bind: (seqs) => [seqs],
  decode: noRow,
}

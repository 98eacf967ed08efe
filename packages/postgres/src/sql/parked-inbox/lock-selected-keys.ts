import type { InboxParkedSelection } from '@pigeonhole/core'
import { number, textOrNull } from '../decode.js'
import type { Statement } from '../statement.js'
import { bindSelection, isKeySelected } from './selection.js'

/** A key that is locked, and how many are meant, with those that are not; one row without a key where none is locked. */
export interface MeantKey {
  /** Where its row is, which stays there until the transaction changes it: for a parameter that is `tid`. */
  readonly place: string | null
  readonly meant: number
}

/** Locks the keys of selected messages, as who handles one of them does, but for those that somebody is handling. */
export const lockSelectedKeys: Statement<InboxParkedSelection, MeantKey> = {
  name: 'parked_inbox.lock_selected_keys',
  text: (schema) => {
    const meant = `FROM ${schema}.parked_key AS blocked
      WHERE ${isKeySelected(schema)}`
    return `
    SELECT place, meant
    FROM (SELECT count(*)::int AS meant ${meant}) AS counted
    LEFT JOIN (SELECT ctid::text AS place ${meant} FOR NO KEY UPDATE SKIP LOCKED) AS locked ON true`
  },
  bind: bindSelection,
  decode: (row) => ({ place: textOrNull(row, 'place'), meant: number(row, 'meant') }),
}

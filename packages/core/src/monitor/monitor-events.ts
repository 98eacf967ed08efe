import type { Measures, XidHolder } from '../ports/monitor-store.js'

/** What a monitor tells: what it has seen of the database at a moment. Events are lost with the process; the next look tells again. */
export interface MonitorEvents {
  /**
   * The database has answered: how much waits in each shard, how large the tables are, who needs the oldest transaction id.
   * @commit It has seen what was committed at that moment. It writes nothing.
   */
  'outbox:measured': Measures
  /**
   * The database has not answered. It is asked again after `measureMs`.
   * @commit No commit of its own.
   */
  'outbox:unmeasured': { readonly error: unknown }
  /**
   * The oldest transaction id in use has been needed for longer than `longTransactionMs` by this holder. Once for each holder.
   * @commit No commit of its own: a transaction that is open.
   */
  'xid:held': XidHolder
  /**
   * The holder that `xid:held` told of is no longer the one, or no longer there.
   * @commit Behind that transaction's end, or another holder's taking its place.
   */
  'xid:released': XidHolder
}

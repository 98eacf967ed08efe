import type { XidHolder } from '@pigeonhole/core'
import { type Check, Unexamined } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

/** Ids that a slot may be behind: it has no time of its own. */
const slotXids = 1_000_000

export const xidHorizon: Check<PostgresFacts> = {
  name: 'xid-horizon',
  about:
    'no old transaction, prepared transaction or replication slot keeps PostgreSQL from cleaning the tables',
  judge({ xidHolder: holder, seesSessions, relay }) {
    if (!holder || !isOld(holder, relay.longTransactionMs))
      return seesSessions
        ? []
        : new Unexamined('the role sees no sessions of other roles: GRANT pg_read_all_stats TO it')
    return [
      {
        severity: 'risk',
        is: `${nameOf(holder)} holds the oldest transaction id, ${holder.xids} ids behind${ageOf(holder)}`,
        why: 'No table of this database is cleaned past it: the relay slows down, and disks fill.',
        fix: fixOf(holder),
      },
    ]
  },
}

function isOld({ kind, ageSeconds, xids }: XidHolder, longTransactionMs: number): boolean {
  if (kind === 'slot') return xids > slotXids
  return (ageSeconds ?? 0) * 1000 > longTransactionMs
}

function nameOf({ kind, pid, name, state }: XidHolder): string {
  if (kind === 'session')
    return `session ${pid} (${name || 'no application name'}, ${state ?? 'state hidden'})`
  return kind === 'prepared' ? `prepared transaction ${name}` : `replication slot ${name} (${state})`
}

function ageOf({ ageSeconds }: XidHolder): string {
  return ageSeconds === null ? '' : `, open for ${Math.round(ageSeconds)} s`
}

function fixOf({ kind, pid, name }: XidHolder): string {
  const quoted = name.replaceAll("'", "''")
  if (kind === 'session') return `End it where it began, or: SELECT pg_terminate_backend(${pid});`
  if (kind === 'prepared') return `COMMIT PREPARED '${quoted}'; or ROLLBACK PREPARED '${quoted}';`
  return `Have its standby catch up, or: SELECT pg_drop_replication_slot('${quoted}');`
}

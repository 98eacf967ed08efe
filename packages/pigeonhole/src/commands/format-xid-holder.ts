import type { XidHolder } from '@pigeonhole/core'

const kinds = { session: 'session', prepared: 'prepared transaction', slot: 'replication slot' }

/** A line on who needs the oldest transaction id; empty when nobody does for a second or longer. */
export function formatXidHolder(holder: XidHolder | null): string {
  if (holder === null || (holder.ageSeconds ?? Number.POSITIVE_INFINITY) < 1) return ''
  const { kind, pid, name, state, xids, startedAt, queryStartedAt } = holder
  const details = [
    pid === null ? [] : `process ${pid}`,
    state ?? [],
    startedAt === null ? [] : `open since ${startedAt}`,
    queryStartedAt === null ? [] : `last statement at ${queryStartedAt}`,
  ].flat()
  const who = `${kinds[kind]} ${JSON.stringify(name)} (${details.join(', ')})`
  return `the oldest transaction id in use, ${xids} behind, is needed by ${who}\n`
}

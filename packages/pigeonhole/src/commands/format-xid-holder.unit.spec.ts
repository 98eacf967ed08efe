import type { XidHolder } from '@pigeonhole/core'
import { expect, it } from 'vitest'
import { formatXidHolder } from './format-xid-holder.js'

const session: XidHolder = {
  kind: 'session',
  pid: 42,
  name: 'nightly report',
  state: 'idle in transaction',
  xid: '700',
  xids: 12,
  startedAt: '2026-01-01T00:00:00.000Z',
  queryStartedAt: '2026-01-01T00:00:05.000Z',
  ageSeconds: 90,
}

it.each([
  ['nobody', null, ''],
  ['a transaction of a moment', { ...session, ageSeconds: 0.9 }, ''],
  [
    'a session',
    session,
    'the oldest transaction id in use, 12 behind, is needed by session "nightly report" ' +
      '(process 42, idle in transaction, open since 2026-01-01T00:00:00.000Z, last statement at 2026-01-01T00:00:05.000Z)\n',
  ],
  [
    'a slot without a reader',
    {
      ...session,
      kind: 'slot',
      name: 'standby',
      pid: null,
      state: 'inactive',
      startedAt: null,
      queryStartedAt: null,
      ageSeconds: null,
    },
    'the oldest transaction id in use, 12 behind, is needed by replication slot "standby" (inactive)\n',
  ],
] as const)('shows %s', (_what, holder, line) => {
  expect(formatXidHolder(holder)).toBe(line)
})

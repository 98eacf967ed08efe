import type { XidHolder } from '@pigeonhole/core'
import { requiredSchemaVersion } from '@pigeonhole/postgres'
import { describe, expect, it } from 'vitest'
import { examine } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'
import { soundPostgres, withSetting } from '../sound-postgres.fake.js'
import { postgresChecks } from './postgres-checks.js'

const holder: XidHolder = {
  kind: 'session',
  pid: 7,
  name: 'report',
  state: 'idle in transaction',
  xid: '10',
  xids: 500,
  startedAt: null,
  queryStartedAt: null,
  ageSeconds: 61,
}
const slot: XidHolder = {
  ...holder,
  kind: 'slot',
  pid: null,
  name: 'old',
  state: 'inactive',
  ageSeconds: null,
}
const outbox = soundPostgres.outbox as NonNullable<PostgresFacts['outbox']>
const relayRole = { part: 'relay', role: 'relay', exists: true, missing: [], hidden: [] } as const
const off = { name: 'synchronous_commit', value: 'off' }

function sound(over: Partial<PostgresFacts>): PostgresFacts {
  return { ...soundPostgres, ...over }
}

/** Check, what is wrong, how bad that is, and what the fix has in it. */
const wrong: readonly (readonly [string, PostgresFacts, string, string])[] = [
  ['postgres-version', sound({ version: { number: 140_011, text: '14.11' } }), 'broken', 'Upgrade'],
  ['postgres-standby', sound({ isStandby: true }), 'broken', 'primary'],
  ['crash-safety', withSetting('fsync', 'off'), 'broken', 'SET fsync = on'],
  ['crash-safety', withSetting('full_page_writes', 'off'), 'broken', 'SET full_page_writes = on'],
  ['synchronous-commit', withSetting('synchronous_commit', 'off'), 'risk', 'ALTER SYSTEM'],
  ['synchronous-commit', withSetting('synchronous_commit', 'off', 'client'), 'risk', 'PGOPTIONS'],
  [
    'synchronous-commit',
    sound({ overrides: [{ ...off, role: 'shop', isOfDatabase: false }] }),
    'risk',
    'ALTER ROLE "shop" RESET synchronous_commit',
  ],
  [
    'synchronous-commit',
    sound({ overrides: [{ ...off, role: 'shop', isOfDatabase: true }] }),
    'risk',
    'ALTER ROLE "shop" IN DATABASE "shop" RESET',
  ],
  [
    'synchronous-commit',
    sound({ overrides: [{ ...off, role: null, isOfDatabase: true }] }),
    'risk',
    'ALTER DATABASE "shop" RESET',
  ],
  ['schema-version', sound({ schemaVersion: null }), 'broken', 'pigeonhole migrate'],
  ['schema-version', sound({ schemaVersion: requiredSchemaVersion - 1 }), 'broken', 'pigeonhole migrate'],
  ['schema-version', sound({ schemaVersion: requiredSchemaVersion + 1 }), 'note', 'doctor of the release'],
  [
    'relay-identity',
    sound({ outbox: { ...outbox, identity: { relay: 'old', clusterId: 'cluster', systemIdentifier: '1' } } }),
    'broken',
    '--name old',
  ],
  ['relay-identity', sound({ systemIdentifier: '2' }), 'broken', 'adopt'],
  [
    'privileges',
    sound({ roles: [{ ...relayRole, missing: ['GRANT A', 'GRANT B'] }] }),
    'broken',
    'GRANT A\nGRANT B',
  ],
  ['privileges', sound({ roles: [{ ...relayRole, exists: false }] }), 'broken', 'CREATE ROLE "relay"'],
  [
    'row-security',
    sound({ roles: [{ ...relayRole, hidden: ['outbox_message'] }] }),
    'broken',
    'ALTER TABLE "pigeonhole"."outbox_message" DISABLE ROW LEVEL SECURITY',
  ],
  [
    'logged-tables',
    sound({ unloggedTables: ['inbox_message'] }),
    'broken',
    'ALTER TABLE "pigeonhole"."inbox_message" SET LOGGED',
  ],
  ['sequence', sound({ sequence: { cache: 20, increment: 1, cycles: false } }), 'broken', 'SET CACHE 1'],
  ['sequence', sound({ sequence: { cache: 1, increment: -1, cycles: false } }), 'broken', 'SET INCREMENT 1'],
  ['sequence', sound({ sequence: { cache: 1, increment: 1, cycles: true } }), 'broken', 'SET NO CYCLE'],
  ['pooler', sound({ pooler: 'statement' }), 'broken', 'pool_mode'],
  ['pooler', sound({ pooler: 'transaction' }), 'note', 'preparedStatements'],
  ['read-only', withSetting('default_transaction_read_only', 'on'), 'broken', 'ALTER SYSTEM'],
  ['read-only', withSetting('default_transaction_read_only', 'on', 'user'), 'broken', 'ALTER ROLE "relay"'],
  ['isolation', withSetting('default_transaction_isolation', 'serializable'), 'note', 'Nothing'],
  ['session-timeouts', withSetting('transaction_timeout', '7999'), 'risk', 'transaction_timeout = 0'],
  ['session-timeouts', withSetting('idle_session_timeout', '9999'), 'risk', 'idle_session_timeout = 0'],
  [
    'connections',
    sound({ connections: { limitedBy: 'server', limit: 97, used: 88 } }),
    'risk',
    'max_connections',
  ],
  [
    'connections',
    sound({ connections: { limitedBy: 'role', limit: 5, used: 0 } }),
    'risk',
    'ALTER ROLE "relay"',
  ],
  [
    'connections',
    sound({ connections: { limitedBy: 'database', limit: 5, used: 0 } }),
    'risk',
    'ALTER DATABASE "shop"',
  ],
  ['xid-horizon', sound({ xidHolder: holder }), 'risk', 'pg_terminate_backend(7)'],
  ['xid-horizon', sound({ xidHolder: { ...holder, kind: 'prepared', name: "it's" } }), 'risk', "'it''s'"],
  [
    'xid-horizon',
    sound({ xidHolder: { ...slot, xids: 1_000_001 } }),
    'risk',
    "pg_drop_replication_slot('old')",
  ],
  ['autovacuum', withSetting('autovacuum', 'off'), 'risk', 'autovacuum = on'],
  ['database-clock', sound({ clock: { ms: -61_000, uncertaintyMs: 5 } }), 'risk', 'NTP'],
  ['database-clock', sound({ clock: { ms: 3_700_000, uncertaintyMs: 5 } }), 'broken', 'NTP'],
]

function examinationOf(check: string, facts: PostgresFacts) {
  return examine(postgresChecks, facts).find((it) => it.check === check)
}

describe('the checks of PostgreSQL', () => {
  it('find nothing on a sound server', () => {
    for (const examination of examine(postgresChecks, soundPostgres))
      expect(examination).toMatchObject({ outcome: 'well', findings: [] })
  })

  it('each have a case in which they find something', () => {
    const found = new Set(wrong.map(([check]) => check))
    expect([...found].toSorted()).toEqual(postgresChecks.map(({ name }) => name).toSorted())
  })

  it.each(wrong)('%s finds it (%#)', (check, facts, severity, fix) => {
    expect(examinationOf(check, facts)?.findings).toEqual([
      expect.objectContaining({ severity, fix: expect.stringContaining(fix) }),
    ])
  })

  // What is just within a bound, and what is another's.
  it.each([
    ['postgres-version', sound({ version: { number: 150_000, text: '15.0' } })],
    [
      'synchronous-commit',
      sound({ overrides: [{ ...off, value: 'local', role: 'shop', isOfDatabase: false }] }),
    ],
    ['session-timeouts', withSetting('transaction_timeout', '8000')],
    ['session-timeouts', withSetting('idle_session_timeout', '10000')],
    ['connections', sound({ connections: { limitedBy: 'server', limit: 97, used: 87 } })],
    ['xid-horizon', sound({ xidHolder: { ...holder, ageSeconds: 60 } })],
    ['xid-horizon', sound({ xidHolder: { ...slot, xids: 1_000_000 } })],
    ['read-only', { ...withSetting('default_transaction_read_only', 'on'), isStandby: true }],
    ['pooler', sound({ pooler: 'session' })],
    ['database-clock', sound({ clock: { ms: 60_004, uncertaintyMs: 5 } })],
    [
      'relay-identity',
      sound({ relay: { ...soundPostgres.relay, name: undefined }, systemIdentifier: undefined }),
    ],
  ])('%s does not find what is well (%#)', (check, facts) => {
    expect(examinationOf(check, facts)).toMatchObject({ outcome: 'well' })
  })

  it.each([
    ['schema-version', sound({ schemaVersion: undefined })],
    ['relay-identity', sound({ outbox: undefined })],
    ['sequence', sound({ sequence: null })],
    ['pooler', sound({ pooler: 'unknown' })],
    ['xid-horizon', sound({ seesSessions: false })],
  ])('%s says that it could not look (%#)', (check, facts) => {
    expect(examinationOf(check, facts)).toMatchObject({ outcome: 'unexamined', why: expect.any(String) })
  })

  it('say nothing of tables that are not there', () => {
    const facts = sound({ schemaVersion: null, outbox: undefined, sequence: null })
    for (const check of ['relay-identity', 'privileges', 'row-security', 'logged-tables', 'sequence'])
      expect(examinationOf(check, facts)).toMatchObject({ outcome: 'inapplicable' })
  })
})

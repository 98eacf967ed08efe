import { requiredSchemaVersion } from '@pigeonhole/postgres'
import type { PostgresFacts } from './postgres-facts.js'

/** A server on which nothing is to be found. */
export const soundPostgres: PostgresFacts = {
  schema: 'pigeonhole',
  role: 'relay',
  database: 'shop',
  version: { number: 180_004, text: '18.4' },
  isStandby: false,
  settings: new Map([
    ['fsync', { value: 'on', source: 'default' }],
    ['full_page_writes', { value: 'on', source: 'default' }],
    ['synchronous_commit', { value: 'on', source: 'default' }],
    ['transaction_timeout', { value: '0', source: 'default' }],
    ['idle_session_timeout', { value: '0', source: 'default' }],
    ['default_transaction_read_only', { value: 'off', source: 'default' }],
    ['default_transaction_isolation', { value: 'read committed', source: 'default' }],
    ['autovacuum', { value: 'on', source: 'default' }],
  ]),
  overrides: [],
  schemaVersion: requiredSchemaVersion,
  unloggedTables: [],
  sequence: { cache: 1, increment: 1, cycles: false },
  roles: [{ part: 'relay', role: 'relay', exists: true, missing: [], hidden: [] }],
  pooler: 'none',
  xidHolder: null,
  seesSessions: true,
  connections: { limitedBy: 'server', limit: 97, used: 10 },
  clock: { ms: 3, uncertaintyMs: 2 },
  outbox: {
    identity: { relay: 'orders', clusterId: 'cluster', systemIdentifier: '1' },
    shards: 2,
    hasSent: true,
    topics: ['orders'],
    inboxes: [{ inbox: 'billing', topic: 'payments' }],
  },
  systemIdentifier: '1',
  relay: { name: 'orders', shards: 2, transactionMs: 8_000, connections: 10, longTransactionMs: 60_000 },
}

/** Sound facts with another value of a setting. */
export function withSetting(name: string, value: string, source = 'configuration file'): PostgresFacts {
  return { ...soundPostgres, settings: new Map([...soundPostgres.settings, [name, { value, source }]]) }
}

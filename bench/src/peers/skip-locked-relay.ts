import { createRequire } from 'node:module'
import { createOutbox } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { fillOutbox } from './outbox-table.js'
import type { Peer } from './peer.js'
import { RelayChild } from './relay-child.js'

const kafkajs = createRequire(import.meta.url)('kafkajs/package.json') as { version: string }

/** The relay that services write by hand, one worker on Pigeonhole's table: see `sendLot`. */
export function skipLockedRelay(): Peer {
  return {
    name: 'FOR UPDATE SKIP LOCKED by hand',
    version: `kafkajs ${kafkajs.version}`,
    promise: 'at least once',
    install: async ({ servers, databaseUrl, pool, topic }) => {
      await migrate({ connectionString: databaseUrl })
      const outbox = createOutbox({ store: postgresStore(pool) })
      const child = new RelayChild('skip-locked-process', { databaseUrl, brokers: servers.brokers, topic })
      return {
        publish: async (client, { id, key, value }) => {
          await outbox.publishRaw(client, [{ topic, key, value, headers: { id } }])
        },
        fill: (messages) => fillOutbox(pool, topic, messages),
        start: () => child.start(),
        kill: () => child.kill(),
        stop: () => child.kill(),
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

import { createOutbox } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { fillOutbox } from './outbox-table.js'
import type { Peer } from './peer.js'
import { RelayChild } from './relay-child.js'

/** This checkout's relay with its default options: one shard, a lease of 10 s. */
export function pigeonhole(): Peer {
  return {
    name: 'Pigeonhole',
    version: 'this checkout',
    promise: 'exactly once',
    install: async ({ servers, databaseUrl, pool, topic }) => {
      await migrate({ connectionString: databaseUrl })
      const outbox = createOutbox({ store: postgresStore(pool) })
      const child = new RelayChild('pigeonhole-process', { databaseUrl, brokers: servers.brokers, topic })
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

import { createOutbox } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { fillOutbox } from './outbox-table.js'
import type { Peer } from './peer.js'
import { type Program, RelayChild } from './relay-child.js'

/** Installs a relay of Pigeonhole's table, in a process of its own: messages are published by Pigeonhole. */
export function overOutbox(program: Program): Peer['install'] {
  return async ({ servers, databaseUrl, pool, topic }) => {
    await migrate({ connectionString: databaseUrl })
    const outbox = createOutbox({ store: postgresStore(pool) })
    const child = new RelayChild(program, { databaseUrl, brokers: servers.brokers, topic })
    return {
      publish: async (client, { id, key, value }) => {
        await outbox.publishRaw(client, [{ topic, key, value, headers: { id } }])
      },
      fill: (messages) => fillOutbox(pool, topic, messages),
      start: () => child.start(),
      kill: () => child.kill(),
      stop: () => child.kill(),
    }
  }
}

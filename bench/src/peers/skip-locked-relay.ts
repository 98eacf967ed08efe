import { createRequire } from 'node:module'
import { overOutbox } from './over-outbox.js'
import type { Peer } from './peer.js'

const kafkajs = createRequire(import.meta.url)('kafkajs/package.json') as { version: string }

/** The relay that services write by hand, one worker on Pigeonhole's table: see `sendLot`. */
export function skipLockedRelay(): Peer {
  return {
    name: 'FOR UPDATE SKIP LOCKED by hand',
    version: `kafkajs ${kafkajs.version}`,
    promise: 'at least once',
    install: overOutbox('skip-locked-process'),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

import { describe } from 'vitest'
import { describeInsertion } from './outbox-store/insertion.js'
import { describeKeyLocks } from './outbox-store/key-locks.js'
import { storeScene } from './store-scene.js'
import type { StoreSubject } from './store-subject.js'

/** Holds a store to the port of publishing, OutboxStore. Runs in vitest. */
export function testOutboxStore<Tx>(subject: StoreSubject<Tx>): void {
  describe(`${subject.name} as an outbox store`, () => {
    const scene = storeScene(subject)
    describeInsertion(scene)
    describeKeyLocks(scene)
  })
}

import { describe, expect, it } from 'vitest'
import { describeAdoption } from './relay-store/adoption.js'
import { describeBatches } from './relay-store/batches.js'
import { describeCapture } from './relay-store/capture.js'
import { describeCaptureUnderLoad } from './relay-store/capture-under-load.js'
import { describeCleaning } from './relay-store/cleaning.js'
import { describeFacts } from './relay-store/facts.js'
import { describeGuard } from './relay-store/guard.js'
import { describeLeases } from './relay-store/leases.js'
import { describePages } from './relay-store/pages.js'
import { describeBlocking } from './relay-store/parking/blocking.js'
import { describeDiscarding } from './relay-store/parking/discarding.js'
import { describePausedTopics } from './relay-store/parking/paused-topics.js'
import { describeRetries } from './relay-store/parking/retries.js'
import { describeProgress } from './relay-store/progress.js'
import { describeShardChanges } from './relay-store/shard-changes.js'
import { describeShards } from './relay-store/shards.js'
import { storeScene } from './store-scene.js'
import type { StoreSubject } from './store-subject.js'

/** Holds a store to the port of a relay, RelayStore, or to having no part of it. Runs in vitest. */
export function testRelayStore<Tx>(subject: StoreSubject<Tx>): void {
  describe(`${subject.name} as a relay store`, () => {
    const scene = storeScene(subject)
    if (!subject.supports.relay) {
      it('is none: a relay has a store of its own', async () => {
        const { store } = await scene.open()
        expect(relayMethods.filter((method) => method in store)).toEqual([])
      })
      return
    }
    describeShards(scene)
    describeShardChanges(scene)
    describeLeases(scene)
    describeGuard(scene)
    describeCapture(scene)
    describePages(scene)
    describeCaptureUnderLoad(scene)
    describeBatches(scene)
    describeCleaning(scene)
    describeProgress(scene)
    describeFacts(scene)
    describeBlocking(scene)
    describeRetries(scene)
    describeDiscarding(scene)
    describePausedTopics(scene)
    describeAdoption(scene)
  })
}

const relayMethods = [
  'readLease',
  'takeLease',
  'guarded',
  'lookForMessages',
  'readSnapshot',
  'isCovered',
  'readStatus',
]

import { describe } from 'vitest'
import { describeClaims } from './inbox-store/claims.js'
import { describeForgetting } from './inbox-store/forgetting.js'
import { describeMessageIds } from './inbox-store/message-ids.js'
import { describeOperatingInboxParking } from './inbox-store/operating-parking.js'
import { describeParkedClaims } from './inbox-store/parked-claims.js'
import { describeParkedHandling } from './inbox-store/parked-handling.js'
import { describeInboxParking } from './inbox-store/parking.js'
import { describePositions } from './inbox-store/positions.js'
import { describeRewinding } from './inbox-store/rewinding.js'
import { describeTopics } from './inbox-store/topics.js'
import { describeTransactions } from './inbox-store/transactions.js'
import { storeScene } from './store-scene.js'
import type { StoreSubject } from './store-subject.js'

/** Holds a store to the port of an inbox, InboxStore. Runs in vitest. */
export function testInboxStore<Tx>(subject: StoreSubject<Tx>): void {
  describe(`${subject.name} as an inbox store`, () => {
    const scene = storeScene(subject)
    describeTransactions(scene)
    describePositions(scene)
    describeTopics(scene)
    describeClaims(scene)
    describeInboxParking(scene)
    describeParkedClaims(scene)
    describeParkedHandling(scene)
    describeMessageIds(scene)
    describeForgetting(scene)
    if (!subject.supports.relay) return
    describeRewinding(scene)
    describeOperatingInboxParking(scene)
  })
}

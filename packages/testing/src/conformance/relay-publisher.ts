import type { RelayPublisher } from '@pigeonhole/core'
import { afterEach, describe } from 'vitest'
import { describeCheckpoints } from './relay-publisher/checkpoints.js'
import { describeEnds } from './relay-publisher/ends.js'
import { describeFaults } from './relay-publisher/faults.js'
import { describeFencing } from './relay-publisher/fencing.js'
import { describeLocating } from './relay-publisher/locating.js'
import { describeRecords } from './relay-publisher/records.js'
import type { RelayPublisherSubject } from './relay-publisher/scene.js'

export type { RelayPublisherSubject } from './relay-publisher/scene.js'

/** Holds a {@link RelayPublisher} to what the relay engine builds on. Runs in vitest. */
export function testRelayPublisher(subject: RelayPublisherSubject): void {
  describe(`${subject.name} as a relay publisher`, () => {
    const publishers: RelayPublisher[] = []
    const open = (): RelayPublisher => {
      const publisher = subject.open()
      publishers.push(publisher)
      return publisher
    }

    afterEach(async () => {
      await Promise.all(publishers.splice(0).map((publisher) => publisher.close()))
    })

    const scene = { subject, open }
    describeCheckpoints(scene)
    describeFencing(scene)
    describeRecords(scene)
    describeFaults(scene)
    describeLocating(scene)
    describeEnds(scene)
  })
}

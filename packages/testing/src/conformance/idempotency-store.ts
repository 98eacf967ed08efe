import { describe } from 'vitest'
import { describeAnswers } from './idempotency-store/answers.js'
import { describeClaims } from './idempotency-store/claims.js'
import { describeExpiry } from './idempotency-store/expiry.js'
import { storeScene } from './store-scene.js'
import type { StoreSubject } from './store-subject.js'

/** Holds a store to the port of idempotency keys, IdempotencyStore. Runs in vitest. */
export function testIdempotencyStore<Tx>(subject: StoreSubject<Tx>): void {
  describe(`${subject.name} as an idempotency store`, () => {
    const scene = storeScene(subject)
    describeClaims(scene)
    describeAnswers(scene)
    describeExpiry(scene)
  })
}

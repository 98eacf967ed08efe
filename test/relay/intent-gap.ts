import type { ReachPoint } from '@pigeonhole/testing'

/** Every record of a batch is acknowledged, and the transaction that holds its intent is about to be committed. */
export const intentGap = 'producer.send:unintended'

/**
 * Adds that point to those of a relay's ports, and has it reached whichever of the two is faster: the COMMIT of a batch that is
 * being sent waits for its records. A batch that is only prepared, while the one before is being sent, has none on their way.
 */
export function withIntentGap(reach: ReachPoint): ReachPoint {
  let sending: PromiseWithResolve | undefined
  return async (point) => {
    if (point === 'tx.insertBatch:after') sending = undefined
    if (point === 'producer.begin:before') sending = promiseWithResolve()
    if (point === 'producer.send:after' || point === 'producer.send:rejected') sending?.resolve()
    if (point === 'tx.insertBatch:committing' && sending) {
      await sending.promise
      await reach(intentGap)
    }
    await reach(point)
  }
}

interface PromiseWithResolve {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

function promiseWithResolve(): PromiseWithResolve {
  let resolve = (): void => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

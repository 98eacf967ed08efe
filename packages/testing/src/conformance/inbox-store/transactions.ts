import { describe, expect, it, vi } from 'vitest'
import { ofCode, ofIds, row, type StoreScene } from '../store-scene.js'

const bounds = { timeoutMs: 20_000 }

/** What a handler's transaction promises. */
export function describeTransactions<Tx>(scene: StoreScene<Tx>): void {
  describe('a transaction', () => {
    it('commits when its work resolves, and gives its result', async () => {
      const opened = await scene.open()
      const message = row()
      const result = await opened.store.transaction(bounds, async (tx) => {
        await opened.store.insertMessages(tx, [message])
        return 42
      })
      expect(result).toBe(42)
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual([message.id])
    })

    it('rolls back when its work rejects, and passes the error as it is', async () => {
      const opened = await scene.open()
      const thrown = Object.freeze(new TypeError('of the handler'))
      const transaction = opened.store.transaction(bounds, async (tx) => {
        await opened.store.insertMessages(tx, [row()])
        throw thrown
      })
      await expect(transaction).rejects.toBe(thrown)
      expect(await opened.readMessages()).toEqual([])
    })

    it('is given up when it takes longer than its bounds', async () => {
      const opened = await scene.open()
      let release: () => void = () => undefined
      const never = new Promise<void>((resolve) => {
        release = resolve
      })
      const transaction = opened.store.transaction({ timeoutMs: 100 }, async (tx) => {
        await opened.store.insertMessages(tx, [row()])
        await never
      })
      await expect(transaction.finally(release)).rejects.toEqual(ofCode('STORE_UNAVAILABLE'))
      expect(await opened.readMessages()).toEqual([])
    })

    it('is usable until a statement in it fails, also when the error is swallowed', async () => {
      const opened = await scene.open()
      const isUsable = (work: (tx: Tx) => Promise<void>) => {
        let seen: boolean | undefined
        const transaction = opened.store.transaction(bounds, async (tx) => {
          await opened.store.insertMessages(tx, [row()])
          await work(tx)
          seen = await opened.store.isUsable(tx)
          throw new Error('as an inbox does then')
        })
        return expect(transaction)
          .rejects.toThrow('as an inbox does then')
          .then(() => seen)
      }
      expect(await isUsable(async () => undefined)).toBe(true)
      expect(await isUsable((tx) => opened.failStatement(tx))).toBe(false)
      expect(await opened.readMessages()).toEqual([])
    })

    it('that loses a deadlock is a conflict, and the other one goes on', async () => {
      const opened = await scene.open()
      const { store } = opened
      const meet = meetingOf(2)
      const lock = (ids: readonly string[]) =>
        store.transaction(bounds, async (tx) => {
          for (const id of ids) {
            await store.receiveMessages(tx, 'deadlock', ofIds([{ scope: 'scope', id }]))
            await meet()
          }
        })
      const outcomes = await Promise.allSettled([lock(['a', 'b']), lock(['b', 'a'])])
      const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
      expect(failures).toEqual([ofCode('STORE_CONFLICT')])
      expect(failures[0]).toMatchObject({ retryable: true })
    })

    it('finds the tables as they must be', async () => {
      const { store } = await scene.open()
      await expect(store.checkSchema()).resolves.toBeUndefined()
    })
  })
}

// Lets everyone go on once `count` have come, and from then on at once.
function meetingOf(count: number): () => Promise<void> {
  let arrived = 0
  return async () => {
    arrived += 1
    await vi.waitFor(() => expect(arrived).toBeGreaterThanOrEqual(count), { timeout: 10_000 })
  }
}

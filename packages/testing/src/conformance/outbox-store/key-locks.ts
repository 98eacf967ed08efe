import { describe, expect, it } from 'vitest'
import { bytes, isHeldUp, ofCode, type StoreScene } from '../store-scene.js'

const a = { topic: 'orders', key: bytes('a') }
const b = { topic: 'orders', key: bytes('b') }

/** Who locks a key has it to themselves. */
export function describeKeyLocks<Tx>(scene: StoreScene<Tx>): void {
  describe('locking keys', () => {
    it('makes another transaction of the same key wait until the end', async () => {
      const opened = await scene.open()
      const first = await opened.begin()
      const second = await opened.begin()
      await opened.store.lockKeys(first.tx, [a])
      const locking = opened.store.lockKeys(second.tx, [a])
      expect(await isHeldUp(opened, locking)).toBe(true)
      await first.commit()
      await locking
      await second.commit()
    })

    it.each([
      ['another key', b],
      ['the same key of another topic', { topic: 'invoices', key: bytes('a') }],
    ])('leaves %s alone', async (_, other) => {
      const opened = await scene.open()
      const first = await opened.begin()
      const second = await opened.begin()
      await opened.store.lockKeys(first.tx, [a])
      await opened.store.lockKeys(second.tx, [other])
      await first.commit()
      await second.commit()
    })

    it('takes several in one order, whatever the order given', async () => {
      const opened = await scene.open()
      const lockBoth = async (keys: readonly (typeof a)[]): Promise<void> => {
        for (let turn = 0; turn < 20; turn++) {
          const { tx, commit } = await opened.begin()
          await opened.store.lockKeys(tx, keys)
          await commit()
        }
      }
      await Promise.all([lockBoth([a, b]), lockBoth([b, a]), lockBoth([b, a, b])])
    })

    it('refuses what is no transaction', async () => {
      const opened = await scene.open()
      await expect(opened.store.lockKeys(opened.outside, [a])).rejects.toEqual(ofCode('OUTSIDE_TRANSACTION'))
    })
  })
}

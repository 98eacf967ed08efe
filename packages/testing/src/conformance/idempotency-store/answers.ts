import type { KeyClaim, StoredAnswer } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { bytes, row, type StoreScene } from '../store-scene.js'
import type { OpenStore } from '../store-subject.js'
import { answer, answerOf, scopeOf, terms } from './keys.js'

const bounds = { timeoutMs: 20_000 }

/** What is stored is what is given, to every repeat, and with it everything else of its transaction. */
export function describeAnswers<Tx>(scene: StoreScene<Tx>): void {
  describe('an answer', () => {
    it.each<[string, StoredAnswer]>([
      ['of bytes', { status: null, headers: null, body: new Uint8Array([0, 255, 10, 13, 128]) }],
      ['of no bytes at all', { status: 204, headers: [], body: bytes('') }],
      ['of nothing', { status: null, headers: null, body: null }],
      [
        'of HTTP, its headers in their order and as often as they come',
        {
          status: 201,
          headers: [
            ['set-cookie', 'a=1'],
            ['content-type', 'application/json'],
            ['set-cookie', 'b=2'],
            ['x-latin', { base64: '5A==' }],
          ],
          body: bytes('{"id":"1"}'),
        },
      ],
    ])('%s is given as it was stored, with the fingerprint of its input', async (_, stored) => {
      const opened = await scene.open()
      const fingerprint = { version: 7, hash: new Uint8Array([0, 1, 2, 255]) }
      await answer(opened, scopeOf(), { stored, under: { ...terms, fingerprint } })
      for (let times = 0; times < 2; times++) {
        const claim = await claimOf(opened)
        expect(claim.status === 'answered' && claim.fingerprint.version).toBe(7)
        expect(claim.status === 'answered' && [...claim.fingerprint.hash]).toEqual([0, 1, 2, 255])
        expect(claim.status === 'answered' && plain(claim.answer)).toEqual(plain(stored))
      }
    })

    it('is committed with everything else of its transaction, or not at all', async () => {
      const opened = await scene.open()
      const { store } = opened
      const message = row()
      const failing = store.transaction(bounds, async (tx) => {
        await store.claimKey(tx, scopeOf(), terms)
        await store.insertMessages(tx, [row()])
        throw new Error('before the answer')
      })
      await expect(failing).rejects.toThrow('before the answer')
      await store.transaction(bounds, async (tx) => {
        expect(await store.claimKey(tx, scopeOf(), terms)).toEqual({ status: 'claimed' })
        await store.insertMessages(tx, [message])
        expect(await store.storeAnswer(tx, scopeOf(), answerOf('kept'))).toBe(true)
      })
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual([message.id])
      const claim = await claimOf(opened)
      expect(claim.status === 'answered' && plain(claim.answer)).toEqual(plain(answerOf('kept')))
    })

    it('cannot be stored where an error of a statement was swallowed', async () => {
      const opened = await scene.open()
      const { store } = opened
      let isStored: boolean | undefined
      const transaction = store.transaction(bounds, async (tx) => {
        await store.claimKey(tx, scopeOf(), terms)
        await opened.failStatement(tx)
        isStored = await store.storeAnswer(tx, scopeOf(), answerOf('1'))
        throw new Error('as an operation does then')
      })
      await expect(transaction).rejects.toThrow('as an operation does then')
      expect(isStored).toBe(false)
      expect(await claimOf(opened)).toEqual({ status: 'claimed' })
    })
  })
}

async function claimOf<Tx>(opened: OpenStore<Tx>): Promise<KeyClaim> {
  const { tx, rollback } = await opened.begin()
  const claim = await opened.store.claimKey(tx, scopeOf(), terms)
  await rollback()
  return claim
}

// Drivers give Buffers.
function plain({ status, headers, body }: StoredAnswer): object {
  return { status, headers, body: body && [...body] }
}

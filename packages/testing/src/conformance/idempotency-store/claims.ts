import { describe, expect, it } from 'vitest'
import { bytes, row, type StoreScene } from '../store-scene.js'
import { answer, answerOf, scopeOf, terms } from './keys.js'

/** Who claims a key has it, and nobody waits. */
export function describeClaims<Tx>(scene: StoreScene<Tx>): void {
  describe('a key', () => {
    it('is one transaction’s until that ends: to another one it runs, which is told at once', async () => {
      const opened = await scene.open()
      const { store } = opened
      const [first, second] = [await opened.begin(), await opened.begin()]
      expect(await store.claimKey(first.tx, scopeOf(), terms)).toEqual({ status: 'claimed' })
      expect(await store.claimKey(second.tx, scopeOf(), terms)).toEqual({ status: 'running' })
      await first.rollback()
      await second.rollback()
    })

    it.each([
      ['another key', { key: 'key-2' }],
      ['another operation', { operation: 'POST /refunds' }],
      ['another tenant', { tenant: 'other' }],
      ['no tenant', { tenant: '' }],
    ])('leaves %s alone, claimed and answered', async (_, other) => {
      const opened = await scene.open()
      const { store } = opened
      const [first, second] = [await opened.begin(), await opened.begin()]
      await store.claimKey(first.tx, scopeOf(), terms)
      expect(await store.claimKey(second.tx, scopeOf(other), terms)).toEqual({ status: 'claimed' })
      await second.rollback()
      await first.rollback()
      await answer(opened, scopeOf(), { stored: answerOf('1') })
      const third = await opened.begin()
      expect(await store.claimKey(third.tx, scopeOf(other), terms)).toEqual({ status: 'claimed' })
      await third.rollback()
    })

    it('is free again where its transaction rolls back', async () => {
      const opened = await scene.open()
      const { store } = opened
      const first = await opened.begin()
      await store.claimKey(first.tx, scopeOf(), terms)
      await first.rollback()
      const second = await opened.begin()
      expect(await store.claimKey(second.tx, scopeOf(), terms)).toEqual({ status: 'claimed' })
      await second.rollback()
    })

    it('is claimed by one of many that ask at once', async () => {
      const opened = await scene.open()
      const { store } = opened
      const transactions = await Promise.all(Array.from({ length: 4 }, () => opened.begin()))
      const claims = await Promise.all(transactions.map(({ tx }) => store.claimKey(tx, scopeOf(), terms)))
      expect(claims.map(({ status }) => status).sort()).toEqual(['claimed', 'running', 'running', 'running'])
      for (const { rollback } of transactions) await rollback()
    })

    it('is not free once it is answered, to whoever has begun before', async () => {
      const opened = await scene.open()
      const { store } = opened
      const early = await opened.begin()
      await store.insertMessages(early.tx, [row()])
      await answer(opened, scopeOf(), { stored: answerOf('1') })
      expect(await store.claimKey(early.tx, scopeOf(), terms)).toMatchObject({ status: 'answered' })
      await early.rollback()
    })

    it('may be as long as keys may be', async () => {
      const opened = await scene.open()
      const longest = { tenant: 'ü'.repeat(255), operation: 'o'.repeat(255), key: 'k'.repeat(255) }
      await answer(opened, longest, { stored: answerOf('1') })
      const { tx, rollback } = await opened.begin()
      const { fingerprint } = terms
      expect(await opened.store.claimKey(tx, longest, terms)).toEqual({
        status: 'answered',
        fingerprint: { version: 1, hash: expect.objectContaining({ length: fingerprint.hash.length }) },
        answer: { status: null, headers: null, body: expect.objectContaining({ length: bytes('1').length }) },
      })
      await rollback()
    })
  })
}

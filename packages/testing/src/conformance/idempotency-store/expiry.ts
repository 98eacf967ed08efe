import { describe, expect, it } from 'vitest'
import type { StoreScene } from '../store-scene.js'
import { answer, answerOf, scopeOf, terms } from './keys.js'

const expired = { ...terms, expiresMs: -60_000 }

/** Answers end. */
export function describeExpiry<Tx>(scene: StoreScene<Tx>): void {
  describe('an answer that has expired', () => {
    it('gives its key free, and a new answer takes its place', async () => {
      const opened = await scene.open()
      const { store } = opened
      await answer(opened, scopeOf(), { stored: answerOf('old'), under: expired })
      await answer(opened, scopeOf(), { stored: answerOf('new') })
      const { tx, rollback } = await opened.begin()
      const claim = await store.claimKey(tx, scopeOf(), terms)
      expect(claim.status === 'answered' && String(Buffer.from(claim.answer.body ?? []))).toBe('new')
      await rollback()
    })

    it('is given while its grace lasts', async () => {
      const opened = await scene.open()
      const { store } = opened
      await answer(opened, scopeOf(), { stored: answerOf('old'), under: expired })
      const { tx, rollback } = await opened.begin()
      expect(await store.claimKey(tx, scopeOf(), { ...terms, graceMs: 120_000 })).toMatchObject({
        status: 'answered',
      })
      await rollback()
    })

    it('is the old one again where the transaction that has claimed its key rolls back', async () => {
      const opened = await scene.open()
      const { store } = opened
      await answer(opened, scopeOf(), { stored: answerOf('old'), under: expired })
      const first = await opened.begin()
      expect(await store.claimKey(first.tx, scopeOf(), terms)).toEqual({ status: 'claimed' })
      await first.rollback()
      const second = await opened.begin()
      expect(await store.claimKey(second.tx, scopeOf(), { ...terms, graceMs: 120_000 })).toMatchObject({
        status: 'answered',
      })
      await second.rollback()
    })

    it('is forgotten, in bounded lots, and no other', async () => {
      const opened = await scene.open()
      const { store } = opened
      for (const key of ['a', 'b', 'c'])
        await answer(opened, scopeOf({ key }), { stored: answerOf(key), under: expired })
      await answer(opened, scopeOf({ key: 'd' }), { stored: answerOf('d') })
      expect(await store.forgetAnswers({ limit: 10, graceMs: 120_000 })).toBe(0)
      expect(await store.forgetAnswers({ limit: 2, graceMs: 0 })).toBe(2)
      expect(await store.forgetAnswers({ limit: 2, graceMs: 0 })).toBe(1)
      expect(await store.forgetAnswers({ limit: 2, graceMs: 0 })).toBe(0)
      const { tx, rollback } = await opened.begin()
      expect(await store.claimKey(tx, scopeOf({ key: 'd' }), terms)).toMatchObject({ status: 'answered' })
      await rollback()
    })

    it('is not forgotten while a transaction claims its key anew', async () => {
      const opened = await scene.open()
      const { store } = opened
      await answer(opened, scopeOf(), { stored: answerOf('old'), under: expired })
      const first = await opened.begin()
      await store.claimKey(first.tx, scopeOf(), terms)
      expect(await store.forgetAnswers({ limit: 10, graceMs: 0 })).toBe(0)
      await first.rollback()
      expect(await store.forgetAnswers({ limit: 10, graceMs: 0 })).toBe(1)
    })
  })
}

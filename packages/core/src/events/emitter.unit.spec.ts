import diagnosticsChannel from 'node:diagnostics_channel'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Emitter } from './emitter.js'

interface Events {
  'thing:done': { readonly count: number }
  'thing:failed': { readonly error: unknown }
}

describe('Emitter', () => {
  it('calls the listeners of an event, in their order, and no others', () => {
    const emitter = new Emitter<Events>('spec')
    const seen: unknown[] = []
    emitter.on('thing:done', ({ count }) => seen.push(['first', count]))
    emitter.on('thing:failed', () => seen.push('failed'))
    emitter.on('thing:done', ({ count }) => seen.push(['second', count]))
    emitter.emit('thing:done', { count: 1 })
    expect(seen).toEqual([
      ['first', 1],
      ['second', 1],
    ])
  })

  it('stops calling a listener that has unsubscribed', () => {
    const emitter = new Emitter<Events>('spec')
    const seen: number[] = []
    const unsubscribe = emitter.on('thing:done', ({ count }) => seen.push(count))
    emitter.emit('thing:done', { count: 1 })
    unsubscribe()
    unsubscribe()
    emitter.emit('thing:done', { count: 2 })
    expect(seen).toEqual([1])
  })

  it.each([
    ['an error', new Error('listener broke'), 'listener broke'],
    ['something else', 'plain text', 'plain text'],
  ])(
    'contains a listener that throws %s: the next is called, the thrower becomes a warning',
    async (_what, thrown, message) => {
      const emitter = new Emitter<Events>('spec')
      const seen: number[] = []
      emitter.on('thing:done', () => {
        throw thrown
      })
      emitter.on('thing:done', ({ count }) => seen.push(count))
      const warned = once(process, 'warning')
      expect(() => emitter.emit('thing:done', { count: 1 })).not.toThrow()
      expect(seen).toEqual([1])
      expect(await warned).toEqual([expect.objectContaining({ message })])
    },
  )

  it('warns of what a listener throws without the values that PostgreSQL puts beside its words', async () => {
    const emitter = new Emitter<Events>('spec')
    const error = Object.assign(new TypeError('duplicate key'), {
      detail: 'Key (id)=(secret) already exists.',
    })
    emitter.on('thing:failed', ({ error }) => {
      throw error
    })
    const warned = once(process, 'warning')
    emitter.emit('thing:failed', { error })
    const [warning] = await warned
    expect(warning).toMatchObject({ name: 'TypeError', message: 'duplicate key', cause: error })
    expect(warning.stack).toBe(error.stack)
    expect(warning).not.toHaveProperty('detail')
  })

  it('mirrors each event on the diagnostics channel of its service', () => {
    const emitter = new Emitter<Events>('spec-mirrored')
    const seen: unknown[] = []
    const subscriber = (data: unknown, channel: string | symbol): void => void seen.push([channel, data])
    diagnosticsChannel.subscribe('pigeonhole:spec-mirrored:thing:done', subscriber)
    emitter.emit('thing:done', { count: 7 })
    emitter.emit('thing:failed', { error: undefined })
    diagnosticsChannel.unsubscribe('pigeonhole:spec-mirrored:thing:done', subscriber)
    emitter.emit('thing:done', { count: 8 })
    expect(seen).toEqual([['pigeonhole:spec-mirrored:thing:done', { count: 7 }]])
  })
})

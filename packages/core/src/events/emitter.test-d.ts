import { expectTypeOf } from 'vitest'
import type { Relay } from '../relay/relay.js'
import type { ShardState } from '../relay/relay-events.js'

declare const relay: Relay

const unsubscribe = relay.on('shard:changed', ({ state, error }) => {
  expectTypeOf(state).toEqualTypeOf<ShardState>()
  expectTypeOf(error).toEqualTypeOf<unknown>()
})
expectTypeOf(unsubscribe).returns.toEqualTypeOf<void>()
// @ts-expect-error no such event
relay.on('shard:change', () => undefined)
// @ts-expect-error a field of another event
relay.on('lease:taken', ({ state }) => state)

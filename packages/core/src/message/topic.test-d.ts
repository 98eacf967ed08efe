import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { on } from '../inbox/binding.js'
import type { Outbox } from '../outbox/outbox.js'
import { textCodec } from './codec.js'
import { type Topic, topic } from './topic.js'

declare const outbox: Outbox<object>

// A schema that transforms: what is published is its input, what is handled its output.
const schema = z.object({ id: z.string(), at: z.string().transform((text) => new Date(text)) })
type In = { id: string; at: string }
type Out = { id: string; at: Date }
const events = topic('events', { schema, key: (event) => event.id })
expectTypeOf(events).toEqualTypeOf<Topic<In, Out>>()
void outbox.publish({}, events, { id: '1', at: '2026-01-01' })
// @ts-expect-error the output of the schema
void outbox.publish({}, events, { id: '1', at: new Date() })
declare const mixed: (In | { id: number; at: string })[]
// @ts-expect-error one of many is of another type
void outbox.publishMany({}, events, mixed)
on(events, ({ message, publish }) => {
  expectTypeOf(message.value).toEqualTypeOf<Out>()
  // @ts-expect-error the output of the schema
  void publish(events, message.value)
})

// The key function sees the value as it is published.
topic('events', {
  schema,
  key: (event) => {
    expectTypeOf(event).toEqualTypeOf<In>()
    return event.at
  },
})
// @ts-expect-error a key is text or bytes
topic('events', { schema, key: () => 1 })

topic<string>('lines', { codec: textCodec })
// @ts-expect-error a codec of other values
topic<number>('numbers', { codec: textCodec })

// A tombstone has no value, so it fits every topic, and it has a key.
void outbox.tombstone({}, events, 'key')
// @ts-expect-error a tombstone without a key
void outbox.tombstone({}, events)

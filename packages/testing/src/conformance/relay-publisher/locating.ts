import { randomUUID } from 'node:crypto'
import type { CapturedRow, LoggableMessage } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { newTopic, openShard, publish, row, type Scene } from './scene.js'

/** What a publisher says of messages that may be in the log. */
export function describeLocating({ subject, open }: Scene): void {
  describe('locating', () => {
    it('finds what was committed, in whatever partition, and knows what was never sent', async () => {
      const topic = await newTopic(subject, 3)
      const publisher = open()
      const { producer } = await openShard(publisher)
      const rows = ['a', 'b', 'c', 'd', 'e'].map((key) => row({ topic, key: Buffer.from(key) }))
      await publish(producer, rows)
      const others = [row({ topic }), row({ topic, key: null, partition: 2 })]
      const found = await publisher.locate([...rows, ...others].map(askFor))
      expect(rows.map(({ id }) => found.get(id))).toEqual(rows.map(() => 'logged'))
      expect(others.map(({ id }) => found.get(id))).toEqual(['absent', 'absent'])
    })

    it('takes a record of an aborted transaction for none', async () => {
      const topic = await newTopic(subject)
      const publisher = open()
      const { relay, producer } = await openShard(publisher)
      const lost = row({ topic })
      await producer.begin({ number: 1, token: randomUUID() })
      await producer.send([lost])
      // Its successor aborts what it has left open.
      const { producer: successor } = await openShard(open(), relay)
      await successor.readCheckpoint()
      expect((await publisher.locate([askFor(lost)])).get(lost.id)).toBe('absent')
    })

    it('says nothing of a topic that is not there', async () => {
      const publisher = open()
      await openShard(publisher)
      expect(await publisher.locate([askFor(row({ topic: `missing-${randomUUID()}` }))])).toEqual(new Map())
    })
  })
}

function askFor({ id, topic, key, partition, payload }: CapturedRow): LoggableMessage {
  return { id, topic, key, partition, isTombstone: payload === null, createdAt: Date.now() }
}

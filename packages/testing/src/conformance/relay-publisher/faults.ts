import { createHash } from 'node:crypto'
import type { CapturedRow } from '@pigeonhole/core'
import { expect, it } from 'vitest'
import { bytes, newName, newTopic, ofCode, openShard, publish, readFrom, row, type Scene } from './scene.js'

/** Cases of topics and records that cannot be sent. */
export function describeFaults(scene: Scene): void {
  const { subject, open } = scene

  const failing = async (
    rows: readonly CapturedRow[],
  ): Promise<{ readonly relay: string; readonly error: unknown }> => {
    const { relay, producer } = await openShard(open())
    await producer.readCheckpoint()
    await producer.begin({ number: 1, token: 't' })
    const error = await producer.send(rows).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    await producer.close()
    return { relay, error }
  }

  it('names a topic that is missing, and nothing of the batch is ever seen', async () => {
    const topic = await newTopic(subject)
    const missing = newName()
    const { relay, error } = await failing([row({ topic }), row({ topic: missing })])
    expect(error).toEqual(ofCode('TOPIC_MISSING', { topic: missing }))
    expect(await readFrom(open(), relay)).toBeUndefined()
    expect(await subject.readLog(topic)).toEqual([])
  })

  it('sends to a topic as soon as it exists', async () => {
    const topic = newName()
    const publisher = open()
    const { relay, producer } = await openShard(publisher)
    await producer.readCheckpoint()
    await producer.begin({ number: 1, token: 't' })
    await expect(producer.send([row({ topic })])).rejects.toEqual(ofCode('TOPIC_MISSING', { topic }))
    await subject.createTopic(topic, 1)
    const next = await publisher.fence(relay, 0)
    await next.readCheckpoint()
    await publish(next, [row({ topic })])
    expect(await subject.readLog(topic)).toHaveLength(1)
  })

  it('names a record that is refused by topic and key hash, without the key', async () => {
    const topic = await newTopic(subject)
    const key = bytes('a-key-to-be-kept-secret')
    const payload = new Uint8Array(subject.tooManyBytes)
    const { relay, error } = await failing([row({ topic }), row({ topic, key, payload })])
    const keyHash = createHash('sha256').update(key).digest('hex').slice(0, 16)
    expect(error).toEqual(ofCode('RECORD_REFUSED', { topic, keyHash }))
    expect(String((error as Error).message)).not.toContain('secret')
    expect(await readFrom(open(), relay)).toBeUndefined()
    expect(await subject.readLog(topic)).toEqual([])
  })

  it('refuses a partition that does not exist', async () => {
    const topic = await newTopic(subject, 2)
    const { error } = await failing([row({ topic, partition: 2 })])
    expect(error).toEqual(ofCode('RECORD_REFUSED', { topic }))
  })
}

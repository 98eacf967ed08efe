import { messageIdHeader, type ShardProducer } from '@pigeonhole/core'
import { expect, it } from 'vitest'
import { bytes, idsOf, newTopic, openShard, publish, readFrom, row, type Scene, text } from './scene.js'

/** Cases of what is in the log after a commit. */
export function describeRecords(scene: Scene): void {
  const { subject, open } = scene

  const session = async (): Promise<ShardProducer> => {
    const { producer } = await openShard(open())
    await producer.readCheckpoint()
    return producer
  }

  it('sends every row once and keeps the order of each key', async () => {
    const topic = await newTopic(subject, 4)
    const producer = await session()
    const rows = Array.from({ length: 300 }, (_, n) =>
      row({ topic, key: bytes(`key-${n % 7}`), seq: String(n) }),
    )
    for (let at = 0; at < rows.length; at += 100)
      await publish(producer, rows.slice(at, at + 100), at / 100 + 1)
    const log = await subject.readLog(topic)
    for (let key = 0; key < 7; key += 1) {
      const expected = rows.filter((_, n) => n % 7 === key).map(({ id }) => id)
      expect(idsOf(log.filter((record) => text(record.key) === `key-${key}`))).toEqual(expected)
    }
    expect(log).toHaveLength(rows.length)
  })

  it('shows nothing of a batch before its commit', async () => {
    const topic = await newTopic(subject)
    const producer = await session()
    await producer.begin({ number: 1, token: 't' })
    await producer.send([row({ topic })])
    expect(await subject.readLog(topic)).toEqual([])
    await producer.commit()
    expect(await subject.readLog(topic)).toHaveLength(1)
  })

  it('sends to several topics in one transaction', async () => {
    const topics = [await newTopic(subject, 2), await newTopic(subject, 3)]
    const rows = topics.flatMap((topic) => [row({ topic, key: bytes('a') }), row({ topic, key: bytes('b') })])
    await publish(await session(), rows)
    for (const topic of topics) expect(await subject.readLog(topic)).toHaveLength(2)
  })

  it('commits a batch without rows', async () => {
    const { relay, producer } = await openShard(open())
    await producer.readCheckpoint()
    await publish(producer, [], 7)
    expect(await readFrom(open(), relay)).toMatchObject({ number: 7 })
  })

  it('keeps key, payload and headers byte for byte', async () => {
    const topic = await newTopic(subject)
    const key = new Uint8Array([0, 0, 0, 0, 255])
    const payload = new Uint8Array([255, 0, 128])
    const headers = [
      ['traceparent', '00-1'],
      ['name', 'ü'],
      ['two', '1'],
      ['two', '2'],
      ['bytes', { base64: 'YmluYXJ5' }],
    ] as const
    const sent = row({ topic, key, payload, headers })
    await publish(await session(), [sent])
    const [record] = await subject.readLog(topic)
    expect(record && [...(record.key ?? [])]).toEqual([...key])
    expect(record && [...(record.value ?? [])]).toEqual([...payload])
    expect(record?.headers).toEqual([
      [messageIdHeader, sent.id],
      ['traceparent', '00-1'],
      ['name', 'ü'],
      ['two', '1'],
      ['two', '2'],
      ['bytes', 'binary'],
    ])
  })

  it('sends tombstones, empty payloads and empty keys as what they are', async () => {
    const topic = await newTopic(subject)
    const empty = new Uint8Array()
    const rows = [row({ topic, payload: null }), row({ topic, payload: empty }), row({ topic, key: empty })]
    await publish(await session(), rows)
    const log = await subject.readLog(topic)
    expect(log.map(({ key, value }) => [key?.length, value?.length])).toEqual([
      [3, undefined],
      [3, 0],
      [0, 7],
    ])
  })

  it('spreads rows without a key over the partitions, each where its id belongs', async () => {
    const topic = await newTopic(subject, 4)
    const rows = Array.from({ length: 100 }, () => row({ topic, key: null }))
    const producer = await session()
    await publish(producer, rows, 1)
    await publish(producer, rows, 2)
    const log = await subject.readLog(topic)
    expect(log.every(({ key }) => key === null)).toBe(true)
    expect(new Set(log.map(({ partition }) => partition)).size).toBe(4)
    const places = new Set(log.map((record) => `${idsOf([record])}/${record.partition}`))
    expect(places.size).toBe(rows.length)
  })

  it('sends a row to the partition that it asks for', async () => {
    const topic = await newTopic(subject, 4)
    await publish(await session(), [row({ topic, partition: 3 }), row({ topic, partition: 0 })])
    expect((await subject.readLog(topic)).map(({ partition }) => partition)).toEqual([0, 3])
  })

  it('sends a batch that is too large for one request', async () => {
    const topic = await newTopic(subject)
    const payload = new Uint8Array(400_000)
    const rows = Array.from({ length: 6 }, (_, n) => row({ topic, payload, seq: String(n) }))
    await publish(await session(), rows)
    expect(idsOf(await subject.readLog(topic))).toEqual(rows.map(({ id }) => id))
  })
}

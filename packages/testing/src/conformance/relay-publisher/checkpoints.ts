import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { commitBatches, newName, ofCode, openShard, readFrom, type Scene } from './scene.js'

/** Cases of the checkpoint topic and what is read from it. */
export function describeCheckpoints({ open }: Scene): void {
  it('tells the same cluster to everyone', async () => {
    const { clusterId } = await open().connect(newName())
    expect(clusterId).not.toBe('')
    expect(await open().connect(newName())).toEqual({ clusterId })
  })

  it('creates the checkpoint topic once, with a partition for each shard', async () => {
    const relay = newName()
    const publisher = open()
    await publisher.connect(relay)
    expect(await publisher.hasCheckpointTopic(relay, 2)).toBe(false)
    await publisher.createCheckpointTopic(relay, 2)
    await publisher.createCheckpointTopic(relay, 2)
    expect(await publisher.hasCheckpointTopic(relay, 2)).toBe(true)
    await expect(publisher.hasCheckpointTopic(relay, 3)).rejects.toEqual(ofCode('CHECKPOINT_TOPIC_INVALID'))
  })

  it('gives the checkpoint topic more partitions, and never fewer', async () => {
    const { relay, producer } = await openShard(open())
    await producer.readCheckpoint()
    const checkpoints = await commitBatches(producer, 2)
    const publisher = open()
    await publisher.connect(relay)
    await publisher.extendCheckpointTopic(relay, 3)
    await publisher.extendCheckpointTopic(relay, 2)
    expect(await publisher.hasCheckpointTopic(relay, 3)).toBe(true)
    const third = await publisher.fence(relay, 2)
    expect(await third.readCheckpoint()).toBeUndefined()
    const [last] = await commitBatches(third, 1)
    expect(await (await publisher.fence(relay, 2)).readCheckpoint()).toEqual(last)
    expect(await readFrom(open(), relay)).toEqual(checkpoints.at(-1))
  })

  it('finds no checkpoint where none was committed', async () => {
    const { producer } = await openShard(open())
    expect(await producer.readCheckpoint()).toBeUndefined()
  })

  it('finds none in a topic that was created after the producer', async () => {
    const relay = newName()
    const publisher = open()
    await publisher.connect(relay)
    const producer = await publisher.fence(relay, 0)
    await publisher.createCheckpointTopic(relay, 1)
    expect(await producer.readCheckpoint()).toBeUndefined()
  })

  it('reads the last checkpoint that was committed', async () => {
    const { relay, producer } = await openShard(open())
    await producer.readCheckpoint()
    const checkpoints = await commitBatches(producer, 3)
    expect(await readFrom(open(), relay)).toEqual(checkpoints.at(-1))
  })

  it('reads it again at each opening, with nothing committed in between', async () => {
    const { relay, producer } = await openShard(open())
    await producer.readCheckpoint()
    const checkpoints = await commitBatches(producer, 1)
    const other = open()
    for (let opening = 0; opening < 3; opening += 1) {
      expect(await readFrom(other, relay)).toEqual(checkpoints[0])
    }
  })

  it('never reads a checkpoint whose transaction was not committed', async () => {
    const { relay, producer } = await openShard(open())
    await producer.readCheckpoint()
    const [committed] = await commitBatches(producer, 1)
    await producer.begin({ number: 2, token: randomUUID() })
    expect(await readFrom(open(), relay)).toEqual(committed)
  })

  it('is intact as long as what it has committed is there, also while a transaction is under way', async () => {
    const { producer } = await openShard(open())
    await producer.readCheckpoint()
    expect(await producer.isIntact()).toBe(true)
    await commitBatches(producer, 2)
    expect(await producer.isIntact()).toBe(true)
    await producer.begin({ number: 3, token: randomUUID() })
    expect(await producer.isIntact()).toBe(true)
    await producer.commit()
  })

  it('keeps shards apart', async () => {
    const relay = newName()
    const publisher = open()
    await publisher.connect(relay)
    await publisher.createCheckpointTopic(relay, 2)
    const first = await publisher.fence(relay, 0)
    const second = await publisher.fence(relay, 1)
    await first.readCheckpoint()
    await second.readCheckpoint()
    const [ofFirst] = await commitBatches(first, 1)
    const [ofSecond] = await commitBatches(second, 1)
    expect(await (await publisher.fence(relay, 0)).readCheckpoint()).toEqual(ofFirst)
    expect(await (await publisher.fence(relay, 1)).readCheckpoint()).toEqual(ofSecond)
  })
}

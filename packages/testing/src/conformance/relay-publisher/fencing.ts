import { expect, it } from 'vitest'
import {
  commitBatches,
  idsOf,
  newName,
  newTopic,
  ofCode,
  openShard,
  publish,
  row,
  type Scene,
} from './scene.js'

/** Cases of predecessors and their transactions. */
export function describeFencing(scene: Scene): void {
  const { subject, open } = scene

  it.each(['records', 'nothing'])(
    'fences the predecessor, which can commit nothing more: %s',
    async (what) => {
      const topic = await newTopic(subject)
      const { relay, producer } = await openShard(open())
      await producer.readCheckpoint()
      const { producer: successor } = await openShard(open(), relay)
      const rows = what === 'records' ? [row({ topic })] : []
      await expect(publish(producer, rows)).rejects.toEqual(ofCode('PRODUCER_FENCED', { shard: 0 }))
      expect(await successor.readCheckpoint()).toBeUndefined()
      expect(await subject.readLog(topic)).toEqual([])
    },
  )

  it('settles the transaction that a paused predecessor left open', async () => {
    const topic = await newTopic(subject)
    const { relay, producer: zombie } = await openShard(open())
    await zombie.readCheckpoint()
    await zombie.begin({ number: 1, token: 'zombie' })
    await zombie.send([row({ topic })])
    const { producer } = await openShard(open(), relay)
    expect(await producer.readCheckpoint()).toBeUndefined()
    await expect(zombie.commit()).rejects.toEqual(ofCode('PRODUCER_FENCED'))
    const sent = await publish(producer, [row({ topic })])
    expect(idsOf(await subject.readLog(topic))).toEqual(sent)
  })

  it('leaves relays of other names alone', async () => {
    const { producer } = await openShard(open())
    await producer.readCheckpoint()
    await openShard(open())
    await expect(commitBatches(producer, 1)).resolves.toHaveLength(1)
  })

  it('answers nothing after a rejection', async () => {
    const topic = await newTopic(subject)
    const { producer } = await openShard(open())
    await producer.readCheckpoint()
    await producer.begin({ number: 1, token: 't' })
    await expect(producer.send([row({ topic: newName() })])).rejects.toThrow()
    await expect(producer.send([row({ topic })])).rejects.toThrow()
    await expect(producer.commit()).rejects.toThrow()
  })
}

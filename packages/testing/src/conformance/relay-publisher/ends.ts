import { expect, it } from 'vitest'
import { newTopic, openShard, readFrom, row, type Scene } from './scene.js'

/** Cases of closing. */
export function describeEnds(scene: Scene): void {
  const { subject, open } = scene

  it('drops a producer without a word to the broker: the next opening settles what it left', async () => {
    const topic = await newTopic(subject)
    const { relay, producer } = await openShard(open())
    await producer.readCheckpoint()
    await producer.begin({ number: 1, token: 't' })
    await producer.send([row({ topic })])
    await producer.close()
    await producer.close()
    await expect(producer.commit()).rejects.toThrow()
    expect(await readFrom(open(), relay)).toBeUndefined()
    expect(await subject.readLog(topic)).toEqual([])
  })

  it('ends every producer with the publisher, which may be closed twice', async () => {
    const publisher = open()
    const { producer } = await openShard(publisher)
    await publisher.close()
    await publisher.close()
    await expect(producer.readCheckpoint()).rejects.toThrow()
  })

  it('gives up a reading of the checkpoint when it is closed', async () => {
    const publisher = open()
    const { producer } = await openShard(publisher)
    const reading = expect(producer.readCheckpoint()).rejects.toThrow()
    await publisher.close()
    await reading
  })
}

import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'

const brokers = inject('kafkaBrokers')

/** Runs a program that has a publisher, in a process that ends by itself or not at all. */
async function run(body: string): Promise<string> {
  const program = `
    import { randomUUID } from 'node:crypto'
    import { Kafka, logLevel } from 'kafkajs'
    import { kafkajsPublisher } from '@pigeonhole/kafkajs'
    const kafka = new Kafka({ brokers: ${JSON.stringify(brokers)}, logLevel: logLevel.NOTHING })
    const publisher = kafkajsPublisher(kafka)
    const relay = randomUUID()
    await publisher.createCheckpointTopic(relay, 1)
    ${body}
    console.log('closed')`
  const cwd = path.resolve(import.meta.dirname, '../..')
  // One that does not end by itself is ended before the test is.
  const options = { cwd, timeout: 50_000 }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', program],
    options,
  )
  return stdout.trim()
}

describe('a closed publisher', () => {
  it.each([
    ['before anything', 'await publisher.close()'],
    ['with a producer', 'await (await publisher.fence(relay, 0)).readCheckpoint(); await publisher.close()'],
    [
      'with an open transaction',
      `const producer = await publisher.fence(relay, 0)
       await producer.readCheckpoint()
       await producer.begin({ number: 1, token: 't' })
       await publisher.close()`,
    ],
    [
      'in the middle of a fencing and of a reading',
      `const reading = (await publisher.fence(relay, 0)).readCheckpoint().catch(() => undefined)
       const fencing = publisher.fence(relay, 0).catch(() => undefined)
       await publisher.close()
       await Promise.all([reading, fencing])`,
    ],
  ])('leaves nothing behind that keeps its process alive: closed %s', async (_, body) => {
    expect(await run(body)).toBe('closed')
  })
})

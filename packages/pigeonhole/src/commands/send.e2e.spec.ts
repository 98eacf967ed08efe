import { readLog, startPostgresProxy } from '@pigeonhole/testing'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { CommandProcess, runCommand } from '../command-process.harness.js'
import { WorkerLab } from '../worker-lab.harness.js'

let lab: WorkerLab

beforeEach(async () => {
  lab = await WorkerLab.open()
})
afterEach(() => lab[Symbol.asyncDispose]())

function environment(): Record<string, string> {
  return { DATABASE_URL: lab.database.url, KAFKA_BROKERS: inject('kafkaBrokers').join(',') }
}

async function pending(): Promise<number> {
  const { rows } = await lab.pool.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM pigeonhole.outbox_message',
  )
  return rows[0]?.count ?? 0
}

describe('pigeonhole send', () => {
  it('says where the message lies once consumers see it', async () => {
    await lab.createTopic()
    await lab.publish('before')
    lab.startWorker()
    await expect.poll(() => lab.readLog(), { timeout: 30_000 }).toEqual(['before'])
    const text = await runCommand(['send', lab.topic, '"one"', '--key', 'k'], environment())
    expect(text).toMatchObject({ code: 0 })
    const [, partition] = /^\S+ partition (\d) offset \d+, message [0-9a-f-]{36}\n$/.exec(text.stdout) ?? []
    const json = await runCommand(['send', lab.topic, '"two"', '--key', 'k', '--json'], environment())
    expect(JSON.parse(json.stdout)).toEqual({
      topic: lab.topic,
      partition: Number(partition),
      offset: expect.stringMatching(/^\d+$/),
      id: expect.any(String),
    })
    expect(await lab.readLog()).toEqual(expect.arrayContaining(['before', 'one', 'two']))
  })

  it('sends a tombstone, whose key has no value any more', async () => {
    await lab.createTopic()
    lab.startWorker()
    const sent = await runCommand(['send', lab.topic, '--key', 'k', '--tombstone'], environment())
    expect(sent).toMatchObject({ code: 0 })
    const records = await readLog({ brokers: inject('kafkaBrokers'), topics: [lab.topic] })
    expect(records).toMatchObject([{ key: Buffer.from('k'), value: null }])
  })

  it('says that it waits, and that the message stays where no relay sends it', async () => {
    await lab.createTopic()
    const { code, stdout, stderr } = await runCommand(
      ['send', lab.topic, '1', '--timeout-ms', '3000'],
      environment(),
    )
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^committed to the outbox as \S+; waiting for a relay to send it\nDEADLINE_EXCEEDED: .*Do not send it again/,
    )
    expect(await pending()).toBe(1)
  })

  it('says that it does not know whether the message is published where the reply to COMMIT is lost', async () => {
    await lab.createTopic()
    const target = new URL(lab.database.url)
    const proxy = await startPostgresProxy({ target: target.host })
    target.host = proxy.address
    try {
      const struck = proxy.lose({ statement: /^commit/i, lost: 'reply', connection: 'cut' })
      const sent = await runCommand(['send', lab.topic, '1'], { ...environment(), DATABASE_URL: target.href })
      await struck
      expect(sent).toMatchObject({ code: 1, stdout: '' })
      expect(sent.stderr).toMatch(/^STORE_UNAVAILABLE: .*may or may not have taken effect/)
      expect(await pending()).toBe(1)
    } finally {
      await proxy.stop()
    }
  })

  it('publishes nothing to a topic that is not there', async () => {
    const { code, stderr } = await runCommand(['send', lab.topic, '1'], environment())
    expect(code).toBe(1)
    expect(stderr).toMatch(/^TOPIC_MISSING: /)
    expect(await pending()).toBe(0)
  })

  it.each([
    [['send', 't'], /missing required argument 'value'/],
    [['send', 't', 'v', 'w'], /too many arguments/],
    [['send', 't', 'v', '--timeout-ms', 'soon'], /--timeout-ms is "soon"/],
    [['send', 't', 'v', '--key', 'k', '--tombstone'], /are both given/],
    [['send', 't', '--tombstone'], /A tombstone needs --key/],
    [['send', 't', 'v', '--key', ''], /^OPTION_INVALID: --key is empty: leave it out/],
    [['send', '', 'v'], /^TOPIC_NAME_INVALID: Topic name "" is not one that Kafka accepts/],
    [['send', 'two words 😀', 'v'], /^TOPIC_NAME_INVALID: Topic name "two words 😀"/],
  ])('%j is refused as a usage error', async (args, message) => {
    const { code, stderr } = await runCommand(args, environment())
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })
})

describe('pigeonhole drain', () => {
  it('waits until all that was committed before is in Kafka, and says what for', async () => {
    await lab.createTopic()
    await lab.publish('a', 'b')
    const drain = new CommandProcess(['drain'], environment())
    await expect
      .poll(() => drain.stderr, { timeout: 30_000 })
      .toBe('waiting: 2 messages pending, and no relay has opened this outbox yet\n')
    lab.startWorker()
    expect(await drain.exit).toMatchObject({ code: 0 })
    expect(drain.stdout).toBe('All that was committed before is in Kafka.\n')
    expect(await lab.readLog()).toEqual(expect.arrayContaining(['a', 'b']))
    const json = await runCommand(['drain', '--json'], environment())
    expect({ ...json, stdout: JSON.parse(json.stdout) }).toEqual({
      code: 0,
      stderr: '',
      stdout: { drained: true, parked: 0 },
    })
  })

  it('names a shard that no worker holds, and gives up when its time is over', async () => {
    await lab.pool.query('INSERT INTO pigeonhole.relay_shard (shard) VALUES (0)')
    await lab.publish('a')
    // It says what for after two seconds, and has to ask the database before.
    const { code, stdout, stderr } = await runCommand(['drain', '--timeout-ms', '10000'], environment())
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^waiting: 1 message pending, and no worker holds shard 0\nDEADLINE_EXCEEDED: .*they stay in the outbox\n$/,
    )
  })

  it('says at once that there are no tables', async () => {
    const { code, stderr } = await runCommand(['drain', '--schema', 'elsewhere'], environment())
    expect(code).toBe(1)
    expect(stderr).toMatch(/^SCHEMA_MISSING: /)
  })
})

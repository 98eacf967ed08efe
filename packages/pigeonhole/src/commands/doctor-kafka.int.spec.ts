import { randomBytes } from 'node:crypto'
import { createTopics } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { runCommand } from '../command-process.harness.js'
import { type Consultation, consult } from '../doctor-command.harness.js'
import { WorkerLab } from '../worker-lab.harness.js'

let lab: WorkerLab
let checkpointTopic: string

beforeEach(async () => {
  lab = await WorkerLab.open()
  checkpointTopic = `pigeonhole.relay.${lab.name}`
})
afterEach(() => lab[Symbol.asyncDispose]())

const brokers = (): string => inject('kafkaBrokers').join(',')

function look(args: readonly string[] = []): Promise<Consultation> {
  return consult(['--name', lab.name, ...args], { KAFKA_BROKERS: brokers(), DATABASE_URL: lab.database.url })
}

function lookAtKafka(args: readonly string[] = []): Promise<Consultation> {
  return consult(['--name', lab.name, ...args], { KAFKA_BROKERS: brokers() })
}

function create(topic: string, numPartitions: number, settings: Readonly<Record<string, string>> = {}) {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  return createTopics(inject('kafkaBrokers'), [{ topic, numPartitions, configEntries }])
}

const broken = expect.objectContaining({ severity: 'broken' })
const note = expect.objectContaining({ severity: 'note' })

describe('pigeonhole doctor on Kafka', () => {
  it('has little to say of a development set-up at work', async () => {
    await lab.createTopic()
    await lab.publish('a')
    const worker = lab.startWorker()
    await expect.poll(() => lab.readLog(), { timeout: 30_000 }).toEqual(['a'])
    await lab.publish('b')
    const { code, stdout, stderr } = await runCommand(['doctor'], {
      PIGEONHOLE_NAME: lab.name,
      DATABASE_URL: lab.database.url,
      KAFKA_BROKERS: brokers(),
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/single-broker: the cluster is one broker/)
    expect(stdout).toMatch(/\nNothing is broken or at risk \(1 note\)\.\n$/)
    // Looking fences nobody: the relay goes on as the leader that it was.
    await lab.publish('c')
    await expect.poll(() => lab.readLog(), { timeout: 30_000 }).toEqual(['a', 'b', 'c'])
    const reopened = worker.lines.filter(({ state }) => state === 'opening')
    expect(reopened.length).toBeLessThanOrEqual(1)
    expect(worker.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
  })

  it('names what is wrong with the checkpoint topic', async () => {
    await create(checkpointTopic, 1, { 'cleanup.policy': 'delete' })
    const { code, findings } = await lookAtKafka(['--shards', '3'])
    expect(code).toBe(4)
    expect(findings).toMatchObject({
      'checkpoint-topic': [
        { severity: 'broken', fix: expect.stringContaining('--partitions 3') },
        { severity: 'broken', fix: expect.stringContaining('cleanup.policy=compact') },
      ],
      'single-broker': [note],
    })
  })

  it('names topics that are missing, and creates them where it is told to', async () => {
    await lab.publish('a')
    const before = await look()
    expect(before).toMatchObject({
      code: 4,
      findings: {
        topics: [{ severity: 'broken', is: expect.stringContaining(lab.topic) }],
        'checkpoint-topic': [{ severity: 'note' }],
      },
    })
    const { code, created, findings } = await look(['--shards', '2', '--create-topics'])
    expect(created).toEqual([checkpointTopic, lab.topic])
    expect({ code, findings }).toEqual({ code: 0, findings: { 'single-broker': [note] } })
    lab.startWorker()
    await expect.poll(() => lab.readLog(), { timeout: 30_000 }).toEqual(['a'])
    expect((await look()).findings).toEqual({ 'single-broker': [note] })
  })

  it('creates no checkpoint topic in place of one that was lost', async () => {
    await lab.createTopic()
    await lab.pool.query('INSERT INTO pigeonhole.relay_shard (shard, confirmed) VALUES (0, 7)')
    const { code, created, findings } = await look(['--create-topics'])
    expect({ code, created }).toEqual({ code: 4, created: [] })
    expect(findings).toMatchObject({
      'checkpoint-topic': [{ severity: 'broken', why: expect.stringContaining('RELAY_CHECKPOINT_LOST') }],
    })
  })

  it('holds the settings of the relay against those of topics and brokers', async () => {
    await create(lab.topic, 1, { 'max.message.bytes': '100000' })
    const { code, findings } = await lookAtKafka([
      '--topics',
      lab.topic,
      '--transaction-timeout-ms',
      '900001',
    ])
    expect(code).toBe(4)
    expect(findings).toMatchObject({
      'message-size': [{ severity: 'risk', fix: expect.stringContaining('--max-request-bytes 100000') }],
      'transaction-timeout': [{ severity: 'broken', is: expect.stringContaining('900000') }],
    })
    const mended = await lookAtKafka(['--topics', lab.topic, '--max-request-bytes', '100000'])
    expect(mended.findings).not.toHaveProperty('message-size')
  })

  it('names topics that keep messages for longer than inboxes ids', async () => {
    await create(lab.topic, 1, { 'retention.ms': '3000000000' })
    await lab.pool.query(
      `INSERT INTO pigeonhole.inbox_position (inbox, topic, partition, next_offset) VALUES ('billing', $1, 0, 1)`,
      [lab.topic],
    )
    const { findings } = await look()
    expect(findings).toMatchObject({
      'id-retention': [
        { severity: 'note', is: expect.stringContaining(`${lab.topic} (billing): 41.7 days`) },
      ],
    })
    expect((await look(['--id-retention-ms', '4000000000'])).findings).not.toHaveProperty('id-retention')
  })

  it('knows another cluster than that of the outbox', async () => {
    await lab.pool.query(
      `INSERT INTO pigeonhole.relay_identity (relay, cluster_id, system_identifier, highest_xid)
       SELECT $1, 'another', system_identifier::text, '3' FROM pg_control_system()`,
      [lab.name],
    )
    expect((await look()).findings).toMatchObject({
      'cluster-identity': [{ is: expect.stringContaining('another') }],
    })
  })

  it('says who reads, and not how', async () => {
    await create(lab.topic, 1)
    const kafka = new Kafka({
      clientId: 'reporting',
      brokers: inject('kafkaBrokers'),
      logLevel: logLevel.NOTHING,
    })
    const groupId = `${lab.name}-${randomBytes(4).toString('hex')}`
    const consumer = kafka.consumer({ groupId, readUncommitted: true })
    onTestFinished(() => consumer.disconnect())
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
    await consumer.connect()
    await consumer.subscribe({ topic: lab.topic })
    await consumer.run({ eachMessage: async () => undefined })
    await joined
    const { code, findings } = await lookAtKafka(['--topics', lab.topic])
    expect(code).toBe(0)
    expect(findings).toMatchObject({
      readers: [{ severity: 'note', is: expect.stringContaining(`${groupId} (client ids reporting)`) }],
    })
  })

  it.each([
    [120_000, 'risk', 'behind'],
    [-7_200_000, 'broken', 'ahead of'],
  ])('tells clocks that are %i ms apart', async (ms, severity, place) => {
    const shift = encodeURIComponent(`const now = Date.now; Date.now = () => now() + ${ms}`)
    const { findings } = await consult([], {
      KAFKA_BROKERS: brokers(),
      NODE_OPTIONS: `--import=data:text/javascript,${shift}`,
    })
    expect(findings).toMatchObject({ 'kafka-clock': [{ severity, is: expect.stringContaining(place) }] })
  })

  it('looks at the other side where one cannot be reached', async () => {
    const noKafka = await consult([], { DATABASE_URL: lab.database.url, KAFKA_BROKERS: '127.0.0.1:1' })
    expect(noKafka).toMatchObject({ code: 4, findings: { 'kafka-reachable': [broken] } })
    expect(noKafka.examinations.get('schema-version')).toMatchObject({ outcome: 'well' })
    const noDatabase = await consult([], {
      DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c',
      KAFKA_BROKERS: brokers(),
    })
    expect(noDatabase.findings).toEqual({ 'postgres-reachable': [broken], 'single-broker': [note] })
  })

  it('is refused where there is nothing to look at', async () => {
    const { code, stderr } = await runCommand(['doctor'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^OPTION_INVALID: There is nothing to look at/)
  })
})

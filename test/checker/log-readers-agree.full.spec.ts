// The checker reads the log with kafkajs, whose read_committed filter Pigeonhole itself corrects. Kafka's own consumer
// must find the same records. Needs Java 17 with its compiler and Maven: it runs a broker's jars.
import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTopics, type KafkaCluster, type LogRecord, readLog, startKafka } from '@pigeonhole/testing'
import { Kafka, logLevel, type Producer, type Transaction } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'

const execute = promisify(execFile)
const rounds = 120
const partitions = 3
const topic = 'readers'
let cluster: KafkaCluster
let kafka: Kafka

beforeAll(async () => {
  // Embedded, so that the jars which the Java reader needs are there afterwards.
  cluster = await startKafka({ brokers: 1, sources: ['embedded'] })
  kafka = new Kafka({
    brokers: cluster.brokers,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 5, retries: 20 },
  })
}, 120_000)

afterAll(() => cluster?.stop())

it("finds the records that Kafka's own consumer finds, in a log of overlapping and aborted transactions", async () => {
  await createTopics(cluster.brokers, [{ topic, numPartitions: partitions }])
  const committed = await writeOverlapping()
  const ours = (await readLog({ brokers: cluster.brokers, topics: [topic] })).map(lineOf)
  const theirs = await readWithJava()
  expect(ours.sort()).toEqual(theirs.sort())
  // Neither reader is blind, and the log did hold something to leave out.
  expect(ours).toHaveLength(committed)
  expect(committed).toBeGreaterThan(rounds / 4)
  expect(committed).toBeLessThan(rounds * 3)
}, 240_000)

/** Four producers take turns, so that their transactions overlap; half of these abort. Resolves to the committed records. */
async function writeOverlapping(): Promise<number> {
  const open: (Transaction | undefined)[] = []
  const written = [0, 0, 0, 0]
  const producers = await Promise.all(written.map(connectProducer))
  let committed = 0
  for (let round = 0; round < rounds; round++) {
    const at = (round * 7) % producers.length
    const transaction = open[at] ?? (await (producers[at] as Producer).transaction())
    open[at] = transaction
    written[at] = (written[at] ?? 0) + (await writeRound(transaction, round))
    if (round % 3 !== at % 3) continue
    if (round % 2 === 0) await transaction.abort()
    else {
      await transaction.commit()
      committed += written[at]
    }
    written[at] = 0
    open[at] = undefined
  }
  await Promise.all(open.map((transaction) => transaction?.abort()))
  await Promise.all(producers.map((producer) => producer.disconnect()))
  return committed
}

/** One record a partition; some have the key that kafkajs takes for an abort marker. */
async function writeRound(transaction: Transaction, round: number): Promise<number> {
  const key = round % 5 === 0 ? Buffer.alloc(4) : Buffer.from(`k${round}`)
  for (let partition = 0; partition < partitions; partition++) {
    await transaction.send({ topic, acks: -1, messages: [{ key, value: `${round}`, partition }] })
  }
  return partitions
}

async function connectProducer(_: number, number: number): Promise<Producer> {
  const producer = kafka.producer({ transactionalId: `p${number}`, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  return producer
}

async function readWithJava(): Promise<string[]> {
  const cache = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache')
  const jars = path.join(cache, 'pigeonhole', 'kafka-4.3.1', 'lib', '*')
  const program = fileURLToPath(new URL('./LogReader.java', import.meta.url))
  const java = process.env['JAVA_HOME'] ? path.join(process.env['JAVA_HOME'], 'bin', 'java') : 'java'
  const { stdout } = await execute(java, ['-cp', jars, program, cluster.brokers.join(','), topic])
  return stdout.trim().split('\n')
}

function lineOf({ partition, offset, key, value }: LogRecord): string {
  const hex = (bytes: Uint8Array | null): string =>
    bytes === null ? 'null' : Buffer.from(bytes).toString('hex')
  return [topic, partition, offset, hex(key), hex(value)].join('\t')
}

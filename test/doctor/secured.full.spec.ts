import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { migrate } from '@pigeonhole/postgres'
import {
  createDatabase,
  createTopics,
  type KafkaCluster,
  readLog,
  startKafka,
  type TestDatabase,
} from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest'
import { type Certificates, makeCertificates } from './certificates.js'
import { consult, runPigeonhole } from './doctor-run.js'

const bin = fileURLToPath(new URL('../../packages/pigeonhole/dist/bin.js', import.meta.url))
const name = `secured-${randomBytes(4).toString('hex')}`
const topic = `${name}-orders`
const password = 'only-for-the-broker'

let certificates: Certificates
let cluster: KafkaCluster
let database: TestDatabase

beforeAll(async () => {
  certificates = await makeCertificates()
  const { certificate, key } = certificates
  cluster = await startKafka({ brokers: 1, secured: { certificate, key, users: { relay: password } } })
  await createTopics(cluster.brokers, [{ topic, numPartitions: 1 }])
  database = await createDatabase({ url: inject('databaseUrl') })
  const pool = new pg.Pool({ connectionString: database.url })
  await migrate({ pool })
  await pool.query(
    `INSERT INTO pigeonhole.inbox_position (inbox, topic, partition, next_offset) VALUES ('billing', $1, 0, 1)`,
    [topic],
  )
  await pool.end()
}, 120_000)
afterAll(async () => {
  await database.drop()
  await cluster.stop()
  await certificates[Symbol.asyncDispose]()
})

function environment(mechanism: string, over: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PIGEONHOLE_NAME: name,
    DATABASE_URL: database.url,
    KAFKA_BROKERS: cluster.securedBrokers.join(','),
    PIGEONHOLE_KAFKA_SSL: 'true',
    PIGEONHOLE_KAFKA_SASL_MECHANISM: mechanism,
    PIGEONHOLE_KAFKA_SASL_USERNAME: 'relay',
    PIGEONHOLE_KAFKA_SASL_PASSWORD: password,
    NODE_EXTRA_CA_CERTS: certificates.authorityFile,
    ...over,
  }
}

const rewind = [
  ...['inbox', 'rewind', '--inbox', 'billing', '--group', name, '--topic', topic],
  ...['--to-earliest', '--keep-ids', '--yes'],
]

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512']

it.each(mechanisms)(
  'every command goes through TLS and SASL: %s',
  async (mechanism) => {
    const env = environment(mechanism)
    const looked = await runPigeonhole(['doctor', '--topics', topic], env)
    expect(looked).toMatchObject({ code: 0, stderr: '' })
    expect(looked.stdout).toContain('as User:relay')
    const worker = spawn(process.execPath, [bin, 'relay', '--port', '0'], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: 'ignore',
    })
    const ended = once(worker, 'exit')
    onTestFinished(async () => {
      worker.kill('SIGKILL')
      await ended
    })
    expect(await runPigeonhole(['send', topic, mechanism, '--key', 'k'], env)).toMatchObject({ code: 0 })
    expect(await runPigeonhole(['drain'], env)).toMatchObject({ code: 0 })
    const values = (await readLog({ brokers: cluster.brokers, topics: [topic] })).map(({ value }) =>
      String(value),
    )
    expect(values).toContain(mechanism)
    const shards = String(2 + mechanisms.indexOf(mechanism))
    expect(await runPigeonhole(['reshard', '--shards', shards], env)).toMatchObject({ code: 0 })
    worker.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(await runPigeonhole(['adopt', '--yes'], env)).toMatchObject({ code: 0 })
    expect(await runPigeonhole(rewind, env)).toMatchObject({ code: 0 })
  },
  240_000,
)

it.each([
  ['a wrong password', { PIGEONHOLE_KAFKA_SASL_PASSWORD: 'guessed' }, 'PIGEONHOLE_KAFKA_SASL_MECHANISM'],
  ['an authority that is not known', { NODE_EXTRA_CA_CERTS: '' }, 'NODE_EXTRA_CA_CERTS'],
  ['no TLS', { PIGEONHOLE_KAFKA_SSL: 'false' }, '--kafka-ssl'],
])(
  'the doctor says what to do about %s, and tells no password',
  async (_, over, fix) => {
    const env = environment('scram-sha-256', over)
    expect((await consult([], env)).findings).toMatchObject({
      'kafka-reachable': [{ severity: 'broken', fix: expect.stringContaining(fix) }],
    })
    const { code, stdout, stderr } = await runPigeonhole(['doctor', '--verbose'], env)
    expect(code).toBe(4)
    expect(stdout + stderr).not.toContain(password)
    expect(stdout + stderr).not.toContain('guessed')
  },
  120_000,
)

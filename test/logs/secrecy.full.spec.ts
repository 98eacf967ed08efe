import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createOutbox } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import {
  createDatabase,
  createTopics,
  type KafkaCluster,
  startKafka,
  type TestDatabase,
} from '@pigeonhole/testing'
import type pg from 'pg'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  it,
  onTestFinished,
} from 'vitest'
import { type Certificates, makeCertificates } from '../doctor/certificates.js'
import { quietPool } from '../postgres/quiet-pool.js'
import { LoggedProcess } from './logged-process.js'
import type { Order, ServiceOptions } from './logging-service.js'

const programs = {
  pigeonhole: fileURLToPath(new URL('../../packages/pigeonhole/dist/bin.js', import.meta.url)),
  service: fileURLToPath(new URL('../dist/logs/logging-service.js', import.meta.url)),
}
/** What nobody may find in a log. Each is one of a kind, and none of them is part of another. */
const secrets = {
  payload: 'payload-3f9c',
  key: 'key-81d7',
  header: 'header-6b2e',
  kafkaPassword: 'kafka-password-c4a1',
  databasePassword: 'database-password-9e50',
  tenant: 'tenant-2d7f',
  idempotencyKey: 'idempotency-key-5a83',
}

let certificates: Certificates
let cluster: KafkaCluster
beforeAll(async () => {
  certificates = await makeCertificates()
  const { certificate, key } = certificates
  cluster = await startKafka({
    brokers: 1,
    secured: { certificate, key, users: { relay: secrets.kafkaPassword } },
  })
}, 120_000)
afterAll(async () => {
  await cluster.stop()
  await certificates[Symbol.asyncDispose]()
})

let name: string
let database: TestDatabase
let pool: pg.Pool
beforeEach(async () => {
  name = `secrecy-${randomBytes(4).toString('hex')}`
  database = await createDatabase({ url: inject('databaseUrl') })
  pool = quietPool(database.url)
  await migrate({ pool })
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

function startWorker(over: Readonly<Record<string, string>> = {}): LoggedProcess {
  return started(
    new LoggedProcess(programs.pigeonhole, ['relay', '--verbose', '--log-level', 'debug', '--port', '0'], {
      PIGEONHOLE_NAME: name,
      DATABASE_URL: database.url,
      KAFKA_BROKERS: cluster.securedBrokers.join(','),
      PIGEONHOLE_KAFKA_SSL: 'true',
      PIGEONHOLE_KAFKA_SASL_MECHANISM: 'plain',
      PIGEONHOLE_KAFKA_SASL_USERNAME: 'relay',
      PIGEONHOLE_KAFKA_SASL_PASSWORD: secrets.kafkaPassword,
      NODE_EXTRA_CA_CERTS: certificates.authorityFile,
      ...over,
    }),
  )
}

function startService(over: Partial<ServiceOptions> = {}): LoggedProcess {
  const options: ServiceOptions = {
    name,
    databaseUrl: database.url,
    brokers: cluster.securedBrokers,
    password: secrets.kafkaPassword,
    topic: name,
    operation: { key: secrets.idempotencyKey, tenant: secrets.tenant, input: secrets.payload },
    ...over,
  }
  const environment = { SERVICE: JSON.stringify(options), NODE_EXTRA_CA_CERTS: certificates.authorityFile }
  return started(new LoggedProcess(programs.service, [], environment))
}

function started(process: LoggedProcess): LoggedProcess {
  onTestFinished(() => process[Symbol.asyncDispose]())
  return process
}

/** Commits a message with a secret in its header. */
async function publish(topic: string, value: string, key = secrets.key): Promise<void> {
  const outbox = createOutbox({ store: postgresStore(pool) })
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await outbox.publishRaw(client, [{ topic, key, value, headers: { note: secrets.header } }])
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

function expectNoSecrets({ text }: LoggedProcess): void {
  expect(text).not.toBe('')
  // PostgreSQL writes bytes as hexadecimal digits.
  const forms = (secret: string) =>
    (['utf8', 'hex', 'base64'] as const).map((form) => Buffer.from(secret).toString(form).replace(/=*$/, ''))
  const found = Object.values(secrets).filter((secret) => forms(secret).some((form) => text.includes(form)))
  expect(found).toEqual([])
}

/** The URL of the test's own database, for somebody whom it does not know. */
function strangersUrl(): string {
  const url = new URL(database.url)
  url.username = 'stranger'
  url.password = secrets.databasePassword
  return url.href
}

const timeout = 180_000

describe('the log of a relay has no payload, header or key', { timeout }, () => {
  it('where all is well, where a record is refused, and where others wait behind it', async () => {
    const small = `${name}-small`
    await createTopics(cluster.brokers, [
      { topic: name, numPartitions: 1 },
      { topic: small, numPartitions: 1, configEntries: [{ name: 'max.message.bytes', value: '1000' }] },
    ])
    const worker = startWorker()
    await publish(name, secrets.payload)
    await worker.says('batch published')
    await publish(small, secrets.payload.padEnd(5_000, 'x'))
    await worker.says('record refused', 'RECORD_REFUSED')
    await publish(small, secrets.payload)
    await worker.says('messages parked behind others')
    await worker.stop()
    await worker.says('relay has stopped')
    expectNoSecrets(worker)
  })

  it('where the database quotes the row that it refuses, in its words or beside them', async () => {
    const small = `${name}-small`
    await createTopics(cluster.brokers, [
      { topic: small, numPartitions: 1, configEntries: [{ name: 'max.message.bytes', value: '1000' }] },
    ])
    await pool.query(`
      CREATE FUNCTION quote_row() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'refused: % %', NEW.key, NEW.payload; END $$;
      CREATE TRIGGER quote_row BEFORE INSERT ON pigeonhole.parked_message
      FOR EACH ROW EXECUTE FUNCTION quote_row()`)
    const worker = startWorker()
    await publish(small, secrets.payload.padEnd(5_000, 'x'))
    await worker.says('P0001')
    await pool.query(`
      DROP TRIGGER quote_row ON pigeonhole.parked_message;
      ALTER TABLE pigeonhole.parked_message ADD CONSTRAINT no_place CHECK (payload IS NULL)`)
    await worker.says('23514', 'no_place')
    await pool.query('ALTER TABLE pigeonhole.parked_message DROP CONSTRAINT no_place')
    await worker.says('record refused', 'RECORD_REFUSED')
    await worker.stop()
    expectNoSecrets(worker)
  })
})

describe('the log of a consumer has nothing of a message, and that of idempotency keys nothing of a request', {
  timeout,
}, () => {
  it('whatever becomes of it: handled, thrown, refused by the database, undecodable, parked', async () => {
    await createTopics(cluster.brokers, [{ topic: name, numPartitions: 1 }])
    await pool.query('CREATE TABLE orders (text text PRIMARY KEY)')
    const worker = startWorker()
    const service = startService()
    await service.says('partition claimed')
    // Each has a key of its own: it would wait behind another one of its key that is parked.
    const fates: readonly Order['fate'][] = ['succeed', 'throw', 'duplicate', 'misread', 'park']
    for (const fate of fates) {
      const order: Order = { fate, text: `${secrets.payload} ${fate}` }
      await publish(name, JSON.stringify(order), `${secrets.key} ${fate}`)
    }
    await publish(name, `{${secrets.payload}`)
    await service.says('message handled')
    for (const code of ['RangeError', '23505', '22P02', 'PARK_REQUESTED', 'VALUE_UNDECODABLE'])
      await service.says('message cannot be handled: it is parked', `"code":"${code}"`)
    await service.says('one key with different requests')
    await service.stop()
    await worker.stop()
    for (const process of [worker, service]) expectNoSecrets(process)
  })
})

describe('no log has a password', { timeout }, () => {
  it.each([
    ['that PostgreSQL refuses', strangersUrl, 'STORE_ACCESS_DENIED'],
    [
      'of a server that is away',
      () => `postgresql://u:${secrets.databasePassword}@127.0.0.1:1/db`,
      'STORE_UNAVAILABLE',
    ],
    [
      'of a host that there is not',
      () => `postgresql://u:${secrets.databasePassword}@nowhere.invalid/db`,
      'STORE_UNAVAILABLE',
    ],
    [
      'that is not encoded',
      () => `postgresql://u:${secrets.databasePassword}%zz@127.0.0.1:1/db`,
      'STORE_UNAVAILABLE',
    ],
    [
      'in a URL that is none',
      () => `postgresql://u:${secrets.databasePassword}@127.0.0.1:port/db`,
      'OPTION_INVALID',
    ],
  ])('of the database: %s', async (_, url, told) => {
    const worker = startWorker({ DATABASE_URL: url() })
    await worker.says(told)
    await worker.stop()
    expectNoSecrets(worker)
  })

  it.each(['plain', 'scram-sha-256'])('of Kafka, which refuses it: %s', async (mechanism) => {
    const PIGEONHOLE_KAFKA_SASL_PASSWORD = `${secrets.kafkaPassword} not`
    const worker = startWorker({ PIGEONHOLE_KAFKA_SASL_MECHANISM: mechanism, PIGEONHOLE_KAFKA_SASL_PASSWORD })
    await worker.says('BROKER_ACCESS_DENIED')
    await worker.stop()
    expectNoSecrets(worker)
  })

  it('of Kafka, in what kafkajs says of a consumer', async () => {
    const service = startService({ password: `${secrets.kafkaPassword} not` })
    await service.says('KafkaJSSASLAuthenticationError')
    await service.stop()
    expectNoSecrets(service)
  })
})

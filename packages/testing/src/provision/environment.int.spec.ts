import { expect, inject, test } from 'vitest'
import { startKafka } from './start-kafka.js'
import { startPostgres } from './start-postgres.js'

const refusal = { code: 'PROVISIONING_FAILED', message: expect.stringContaining('belongs to you') }

test('the PostgreSQL of the environment is used as it is', async () => {
  const postgres = await startPostgres()
  expect(postgres).toMatchObject({ url: inject('databaseUrl'), source: 'environment' })
  for (const move of ['kill', 'pause', 'resume', 'restart'] as const) {
    await expect(postgres[move]()).rejects.toMatchObject(refusal)
  }
  await postgres.stop()
  expect(await startPostgres()).toMatchObject({ source: 'environment' })
})

test('the Kafka of the environment is used as it is', async () => {
  const kafka = await startKafka({ brokers: 1 })
  expect(kafka).toMatchObject({ brokers: inject('kafkaBrokers'), source: 'environment' })
  const [node] = kafka.nodes
  for (const move of ['kill', 'pause', 'resume', 'restart'] as const) {
    await expect(node?.[move]()).rejects.toMatchObject(refusal)
  }
  await kafka.stop()
  expect(await startKafka({ brokers: 1 })).toMatchObject({ source: 'environment' })
})

test('a cluster of the environment that advertises its own addresses is passed over', async () => {
  const options = { brokers: 1, sources: ['environment'], advertise: () => 'localhost:1' } as const
  await expect(startKafka(options)).rejects.toMatchObject({
    code: 'PROVISIONING_FAILED',
    message: expect.stringContaining('advertises addresses of its own'),
  })
})

test('a cluster of the environment that is too small is passed over', async () => {
  await expect(startKafka({ brokers: 3, sources: ['environment'] })).rejects.toMatchObject({
    code: 'PROVISIONING_FAILED',
    message: expect.stringMatching(/has \d brokers, not 3/),
  })
})

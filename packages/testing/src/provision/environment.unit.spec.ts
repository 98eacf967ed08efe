import { afterEach, expect, test, vi } from 'vitest'
import { environmentKafka } from './environment-kafka.js'
import { environmentPostgres } from './environment-postgres.js'
import { freePort } from './free-port.js'
import { Absence } from './server-source.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

test('without the variables there is no server of the environment', async () => {
  vi.stubEnv('PIGEONHOLE_TEST_DATABASE_URL', '')
  vi.stubEnv('PIGEONHOLE_TEST_KAFKA_BROKERS', undefined)
  expect(await environmentPostgres()).toEqual(new Absence('PIGEONHOLE_TEST_DATABASE_URL is not set'))
  expect(await environmentKafka({ brokers: 1 })).toEqual(
    new Absence('PIGEONHOLE_TEST_KAFKA_BROKERS is not set'),
  )
})

test('a URL that nobody answers is an error that names the variable, not the password', async () => {
  vi.stubEnv('PIGEONHOLE_TEST_DATABASE_URL', `postgres://me:secret@127.0.0.1:${await freePort()}/postgres`)
  const error: unknown = await environmentPostgres().catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'PROVISIONING_FAILED', details: { server: 'PostgreSQL' } })
  expect(String(error)).toContain('PIGEONHOLE_TEST_DATABASE_URL')
  expect(String(error)).not.toContain('secret')
})

test('addresses that nobody answers are an error that names them', async () => {
  const address = `127.0.0.1:${await freePort()}`
  vi.stubEnv('PIGEONHOLE_TEST_KAFKA_BROKERS', address)
  await expect(environmentKafka({ brokers: 1 })).rejects.toMatchObject({
    code: 'PROVISIONING_FAILED',
    message: expect.stringContaining(`PIGEONHOLE_TEST_KAFKA_BROKERS names (${address})`),
  })
})

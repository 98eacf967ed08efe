import { expect, it } from 'vitest'
import { isSilent } from '../silent-brokers/silent-brokers.js'
import type { Runner } from './kafkajs-runner.js'
import { restartAfterSilence } from './restart-after-silence.js'

it('notes who has not answered, so that the next start asks another one', async () => {
  const silence = Object.assign(new Error('timed out'), {
    name: 'KafkaJSRequestTimeoutError',
    broker: 'silent:1',
  })
  const runner = {
    consumerGroup: { recoverFromFetch: () => Promise.resolve() },
    heartbeat: () => Promise.reject(silence),
  } as unknown as Runner
  restartAfterSilence(runner)
  await expect(runner.heartbeat()).rejects.toThrow('A broker does not answer')
  expect(isSilent('silent:1')).toBe(true)
})

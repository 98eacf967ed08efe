import { isPigeonholeError } from '@pigeonhole/core'
import { expect, test } from 'vitest'
import { Absence, defaultSources, firstSource, type OpenServer } from './server-source.js'

const absent = (reason: string) => () => Promise.resolve(new Absence(reason))
const present = (name: string) => () => Promise.resolve({ name })
const never: OpenServer<{ name: string }> = () => Promise.reject(new Error('tried too much'))

test('takes the first that is there and does not try the rest', async () => {
  const open = { environment: absent('not set'), docker: present('docker'), embedded: never }
  expect(await firstSource({ server: 'Kafka', sources: defaultSources, open })).toEqual({ name: 'docker' })
})

test('tries only the sources that were asked for, in their order', async () => {
  const open = { environment: never, docker: present('docker'), embedded: absent('no java') }
  expect(await firstSource({ server: 'Kafka', sources: ['embedded', 'docker'], open })).toEqual({
    name: 'docker',
  })
})

test('names what every source lacks', async () => {
  const open = {
    environment: absent('VARIABLE is not set'),
    docker: absent('start Docker'),
    embedded: absent('apt-get install java'),
  }
  const error: unknown = await firstSource({ server: 'Kafka', sources: defaultSources, open }).catch(
    (e: unknown) => e,
  )
  expect(isPigeonholeError(error, 'PROVISIONING_FAILED')).toBe(true)
  expect(error).toMatchObject({
    details: { server: 'Kafka' },
    message:
      'No Kafka for the tests. Mend one of these:\n' +
      '- environment: VARIABLE is not set\n- docker: start Docker\n- embedded: apt-get install java',
  })
})

test('does not pass over a server that is there and fails', async () => {
  const open = { environment: never, docker: present('docker'), embedded: present('embedded') }
  await expect(firstSource({ server: 'Kafka', sources: defaultSources, open })).rejects.toThrow(
    'tried too much',
  )
})

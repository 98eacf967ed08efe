import { randomUUID } from 'node:crypto'
import { createTopics } from '@pigeonhole/testing'
import { AclOperationTypes, AclResourceTypes } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AclCluster } from '../kafkajs/acl-cluster.js'
import { consult } from './doctor-run.js'

let cluster: AclCluster

beforeAll(async () => {
  cluster = await AclCluster.start()
}, 120_000)
afterAll(() => cluster[Symbol.asyncDispose]())

it('names the ACLs that are needed and not there', async () => {
  const name = `access-${randomUUID()}`
  const [checkpoint, readable, hidden] = [`pigeonhole.relay.${name}`, `${name}-readable`, `${name}-hidden`]
  const transactionalId = `pigeonhole.${name}.0`
  await createTopics(
    cluster.brokers,
    [readable, hidden].map((topic) => ({ topic, numPartitions: 1 })),
  )
  const look = () =>
    consult(['--name', name, '--topics', `${readable},${hidden}`], {
      KAFKA_BROKERS: cluster.brokers.join(','),
    })
  expect((await look()).findings).not.toHaveProperty('access')

  await cluster.allow({ resourceName: readable, operations: [AclOperationTypes.READ] })
  await cluster.allow({ resourceName: hidden, operations: [AclOperationTypes.ALTER_CONFIGS] })
  await cluster.allow({ resourceName: checkpoint, operations: [AclOperationTypes.DELETE] })
  await cluster.allow({
    resourceType: AclResourceTypes.TRANSACTIONAL_ID,
    resourceName: transactionalId,
    operations: [AclOperationTypes.DESCRIBE],
  })
  const denied = async () =>
    (await look()).findings['access']?.map(({ severity, is }) => `${severity}: ${is}`)
  // ACLs come to each broker a moment after they are made.
  await expect
    .poll(denied, { timeout: 60_000 })
    .toEqual([
      `broken: User:ANONYMOUS may not READ, WRITE, CREATE topic ${checkpoint}`,
      `broken: User:ANONYMOUS may not WRITE topic ${readable}`,
      `broken: User:ANONYMOUS may not WRITE, DESCRIBE topic ${hidden}`,
      `broken: User:ANONYMOUS may not WRITE transactional id ${transactionalId}`,
      `note: User:ANONYMOUS may not look at the settings of ${readable}`,
    ])

  for (const resourceName of [checkpoint, readable, hidden])
    await cluster.allow({ resourceName, operations: [AclOperationTypes.ALL] })
  await cluster.allow({
    resourceType: AclResourceTypes.TRANSACTIONAL_ID,
    resourceName: transactionalId,
    operations: [AclOperationTypes.WRITE],
  })
  await expect.poll(denied, { timeout: 60_000 }).toBeUndefined()
}, 240_000)

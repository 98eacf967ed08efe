import { AclOperationTypes, AclResourceTypes } from 'kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { AclCluster, type Allowance } from '../kafkajs/acl-cluster.js'
import { soon, tellingMs, WatchedService } from './watched-service.js'

const { READ, WRITE, DESCRIBE } = AclOperationTypes

describe('while Kafka denies access', { timeout: 240_000 }, () => {
  let cluster: AclCluster
  let service: WatchedService
  let checkpoints: string
  let transactionalId: string

  beforeAll(async () => {
    cluster = await AclCluster.start()
    service = await WatchedService.open({ serverUrl: inject('databaseUrl'), brokers: cluster.brokers })
    checkpoints = `pigeonhole.relay.${service.name}`
    transactionalId = `pigeonhole.${service.name}.0`
    // No more than docs/doctor.md says.
    await cluster.allow({ resourceName: service.topic, operations: [READ, WRITE, DESCRIBE] })
    await cluster.allow({ resourceName: checkpoints, operations: [READ, WRITE, DESCRIBE] })
    await cluster.allow({ ...ofTransactions(), operations: [WRITE, DESCRIBE] })
  }, 240_000)
  beforeEach(() => service.start(), 120_000)
  afterEach(() => service.isWell(), 120_000)
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  const ofTransactions = () => ({
    resourceType: AclResourceTypes.TRANSACTIONAL_ID,
    resourceName: transactionalId,
  })

  /** Takes `allowance` away, and gives it back. Three messages of one key wait for that, and are handled once and in order. */
  async function without(allowance: Allowance, told: () => Promise<void>): Promise<void> {
    const key = allowance.resourceName
    const sent = [await service.publish(key)]
    await service.isHandled(sent[0] ?? '')
    await cluster.forbid(allowance)
    try {
      sent.push(await service.publish(key), await service.publish(key))
      await told()
      expect(await service.effects(sent)).toEqual(sent.slice(0, 1))
      sent.push(await service.publish(key))
    } finally {
      await cluster.allow(allowance)
    }
    await service.isHandled(sent.at(-1) ?? '')
    expect(await service.effects(sent)).toEqual(sent)
  }

  it('to write to a topic: it is paused', async () => {
    const code = 'BROKER_ACCESS_DENIED'
    const { leader, topic } = service
    const after = leader.lines.length
    await without({ resourceName: topic, operations: [WRITE] }, async () => {
      await Promise.all([
        service.tells({ status: 4, naming: topic }),
        soon(() => leader.metric('pigeonhole_paused_topics'), tellingMs).toBe(1),
        soon(async () => (await leader.page()).found, tellingMs).toMatchObject({
          faults: expect.arrayContaining(['paused']),
          parked: [expect.objectContaining({ kind: 'topic', topic, why: expect.stringContaining(code) })],
        }),
        leader.line({ level: 'warn', code, topic }, { after, timeout: tellingMs }),
      ])
      expect(await leader.readiness()).toMatchObject({ status: 200 })
    })
  })

  it('to write to the checkpoint topic', async () => {
    await without({ resourceName: checkpoints, operations: [WRITE] }, async () => {
      await service.tells({ leader: 'BROKER_ACCESS_DENIED', status: 4, naming: checkpoints })
    })
  })

  it('to read the checkpoint topic, which only an opening does', async () => {
    await without({ resourceName: checkpoints, operations: [READ, WRITE] }, async () => {
      await service.tells({ leader: 'BROKER_ACCESS_DENIED', naming: checkpoints })
      await cluster.allow({ resourceName: checkpoints, operations: [WRITE] })
      const naming = `reading the checkpoint, ${checkpoints}`
      await service.tells({ leader: 'BROKER_ACCESS_DENIED', status: 4, naming })
    })
  })

  it('to write by the transactional id', async () => {
    await without({ ...ofTransactions(), operations: [WRITE] }, async () => {
      await service.tells({ leader: 'BROKER_ACCESS_DENIED', status: 4, naming: transactionalId })
    })
  })
})

import { AclOperationTypes, AclResourceTypes } from 'kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { AclCluster, type Allowance } from '../kafkajs/acl-cluster.js'
import { soon, tellingMs, WatchedService } from './watched-service.js'

const { READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS } = AclOperationTypes
const code = 'BROKER_ACCESS_DENIED'

describe('while Kafka denies access', { timeout: 300_000 }, () => {
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
    await cluster.allow({
      resourceName: service.topic,
      operations: [READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS],
    })
    await cluster.allow({ resourceName: checkpoints, operations: [READ, WRITE, DESCRIBE] })
    await cluster.allow({ ...ofTransactions(), operations: [WRITE, DESCRIBE] })
    await cluster.allow({ ...ofGroup(), operations: [READ, DESCRIBE] })
  }, 240_000)
  beforeEach(() => service.start(), 300_000)
  afterEach(() => service.isWell(), 400_000)
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  const ofTransactions = () => ({
    resourceType: AclResourceTypes.TRANSACTIONAL_ID,
    resourceName: transactionalId,
  })

  const ofGroup = () => ({ resourceType: AclResourceTypes.GROUP, resourceName: service.name })

  /**
   * Takes `allowance` away, and gives it back. What `told` has published meanwhile, of one key, waits for that, and is handled once
   * and in order.
   */
  async function without(
    allowance: Allowance,
    told: (publish: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const key = allowance.resourceName
    const before = await service.publish(key)
    await service.isHandled(before)
    await cluster.forbid(allowance)
    const waiting: string[] = []
    try {
      await told(async () => {
        waiting.push(await service.publish(key), await service.publish(key))
      })
      expect(await service.effects(waiting)).toEqual([])
    } finally {
      await cluster.allow(allowance)
    }
    const sent = [before, ...waiting, await service.publish(key)]
    await service.isHandled(sent.at(-1) ?? '')
    expect(await service.effects(sent)).toEqual(sent)
  }

  async function isPaused(): Promise<void> {
    const { leader, topic } = service
    await Promise.all([
      service.tells({ status: 4 }),
      soon(() => leader.metric('pigeonhole_paused_topics'), tellingMs).toBe(1),
      soon(async () => (await leader.page()).found, tellingMs).toMatchObject({
        faults: expect.arrayContaining(['paused']),
        parked: [expect.objectContaining({ kind: 'topic', topic, why: expect.stringContaining(code) })],
      }),
    ])
    expect(await leader.readiness()).toMatchObject({ status: 200 })
  }

  it('to write to a topic: it is paused', async () => {
    const { leader, topic } = service
    const after = leader.lines.length
    await without({ resourceName: topic, operations: [WRITE] }, async (publish) => {
      await publish()
      await isPaused()
      await leader.line({ level: 'warn', code, topic }, { after, timeout: tellingMs })
    })
  })

  it('to write to the checkpoint topic', async () => {
    await without({ resourceName: checkpoints, operations: [WRITE] }, async (publish) => {
      await publish()
      await service.tells({ leader: code, status: 4, naming: checkpoints })
    })
  })

  it('to read the checkpoint topic, which only an opening does', async () => {
    await without({ resourceName: checkpoints, operations: [READ, WRITE] }, async (publish) => {
      await publish()
      await service.tells({ leader: code, naming: checkpoints })
      await cluster.allow({ resourceName: checkpoints, operations: [WRITE] })
      await service.tells({ leader: code, status: 4, naming: `reading the checkpoint, ${checkpoints}` })
    })
  })

  it('to write by the transactional id', async () => {
    await without({ ...ofTransactions(), operations: [WRITE] }, async (publish) => {
      await publish()
      await service.tells({ leader: code, status: 4, naming: transactionalId })
    })
  })

  // What a fetch asks for that is on its way, it is given.
  it('to read a topic: no start of its consumer is taken for one that works', async () => {
    const { run, topic } = service
    await without({ resourceName: topic, operations: [READ] }, async (publish) => {
      await service.tells({ consumer: code, status: 0, naming: topic })
      await publish()
      const starts: boolean[] = []
      const unsubscribe = run.on('group:joined', () => starts.push(run.readiness.ready))
      // No promise: each waits for longer than the one before.
      await soon(() => starts.length, 90_000).toBeGreaterThan(1)
      unsubscribe()
      expect(starts).not.toContain(true)
    })
  })

  it('even to see a topic', async () => {
    const { topic } = service
    await without({ resourceName: topic, operations: [READ, WRITE, DESCRIBE] }, async (publish) => {
      await service.tells({ consumer: code, naming: topic })
      await publish()
      await isPaused()
    })
  })

  it('to read as the group', async () => {
    await without({ ...ofGroup(), operations: [READ] }, async (publish) => {
      await service.tells({ consumer: code, status: 0, naming: service.name })
      await publish()
    })
  })
})

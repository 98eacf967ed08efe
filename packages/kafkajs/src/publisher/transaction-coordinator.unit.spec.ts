import { KafkaJSProtocolError } from 'kafkajs'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ClusterInternals } from '../own-client.js'
import { Deadline } from './deadline.js'
import { type TopicPartitions, TransactionCoordinator } from './transaction-coordinator.js'

const request = { groupId: 'id', coordinatorType: 1 }

interface Producer {
  addPartitionsToTxn(request: { readonly topics: readonly TopicPartitions[] }): Promise<void>
  initProducerId(request: object): Promise<unknown>
  endTxn(request: object): Promise<unknown>
}

/** A cluster client whose coordinator answers as it is told to. */
class ScriptedCluster {
  /** Whom it was asked for, and what the coordinator was asked. */
  readonly asked: string[] = []
  readonly refusals: string[] = []

  readonly broker = {
    nodeId: '7',
    initProducerId: async () => this.#answer('initProducerId'),
    addPartitionsToTxn: async ({ topics }: { readonly topics: readonly TopicPartitions[] }) =>
      this.#answer(`name ${topics.map(({ topic, partitions }) => `${topic}/${partitions}`).join(' ')}`),
    endTxn: async () => this.#answer('endTxn'),
  }

  readonly cluster: ClusterInternals = {
    findBroker: async ({ nodeId }) => {
      this.asked.push(`broker ${nodeId}`)
      return this.broker
    },
    findGroupCoordinator: async () => {
      this.asked.push('coordinator')
      return this.broker
    },
  }

  #answer(what: string): void {
    this.asked.push(what)
    const type = this.refusals.shift()
    if (type !== undefined) throw new KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 51 }))
  }
}

let script: ScriptedCluster
let coordinator: TransactionCoordinator

beforeEach(() => {
  script = new ScriptedCluster()
  coordinator = new TransactionCoordinator()
  coordinator.attach(script.cluster)
  coordinator.deadline = new Deadline(60_000)
})

async function found(): Promise<Producer> {
  return (await script.cluster.findGroupCoordinator(request)) as Producer
}

const name = async (...topics: TopicPartitions[]): Promise<void> =>
  (await found()).addPartitionsToTxn({ topics })

describe('TransactionCoordinator', () => {
  it('asks who it is until one has taken InitProducerId, and not again', async () => {
    script.refusals.push('NOT_COORDINATOR_FOR_GROUP')
    await expect((await found()).initProducerId({})).rejects.toThrow()
    await (await found()).initProducerId({})
    await (await found()).endTxn({})
    expect(script.asked).toEqual([
      'coordinator',
      'initProducerId',
      'coordinator',
      'initProducerId',
      'broker 7',
      'endTxn',
    ])
  })

  it('leaves the coordinators of consumer groups alone', async () => {
    await (await found()).initProducerId({})
    await script.cluster.findGroupCoordinator({ groupId: 'group', coordinatorType: 0 })
    expect(script.asked.at(-1)).toBe('coordinator')
  })

  it('names all that is planned with what is asked for first, and nothing twice', async () => {
    coordinator.plan([
      { topic: 'a', partitions: [0] },
      { topic: 'b', partitions: [1] },
      { topic: 'a', partitions: [2] },
    ])
    await Promise.all([
      name({ topic: 'a', partitions: [0] }),
      name({ topic: 'b', partitions: [1] }, { topic: 'a', partitions: [2] }),
    ])
    await name({ topic: 'c', partitions: [0] })
    expect(script.asked.filter((each) => each.startsWith('name'))).toEqual(['name a/0,2 b/1', 'name c/0'])
  })

  it('names everything anew in the next transaction', async () => {
    coordinator.plan([{ topic: 'b', partitions: [1] }])
    await name({ topic: 'a', partitions: [0] })
    await (await found()).endTxn({})
    await name({ topic: 'a', partitions: [0] })
    expect(script.asked.filter((each) => each.startsWith('name'))).toEqual(['name a/0 b/1', 'name a/0'])
  })

  it('tries again while a transaction before it is not settled', async () => {
    script.refusals.push('CONCURRENT_TRANSACTIONS', 'CONCURRENT_TRANSACTIONS')
    await name({ topic: 'a', partitions: [0] })
    expect(script.asked.filter((each) => each === 'name a/0')).toHaveLength(3)
  })

  it('gives up at the deadline of the step, and at any other refusal', async () => {
    coordinator.deadline = new Deadline(0)
    script.refusals.push('CONCURRENT_TRANSACTIONS')
    await expect(name({ topic: 'a', partitions: [0] })).rejects.toMatchObject({
      type: 'CONCURRENT_TRANSACTIONS',
    })
    script = new ScriptedCluster()
    coordinator = new TransactionCoordinator()
    coordinator.attach(script.cluster)
    coordinator.deadline = new Deadline(60_000)
    script.refusals.push('INVALID_TXN_STATE')
    await expect(name({ topic: 'a', partitions: [0] })).rejects.toMatchObject({ type: 'INVALID_TXN_STATE' })
  })

  it('names nothing more once it was refused: whoever waits behind it is refused, too', async () => {
    script.refusals.push('INVALID_TXN_STATE')
    const both = [name({ topic: 'a', partitions: [0] }), name({ topic: 'a', partitions: [0] })]
    const settled = await Promise.allSettled(both)
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(name({ topic: 'b', partitions: [0] })).rejects.toThrow()
    expect(script.asked.filter((each) => each.startsWith('name'))).toEqual(['name a/0'])
  })
})

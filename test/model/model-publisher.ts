import type { Checkpoint, LogVerdict, RelayPublisher, ShardProducer } from '@pigeonhole/core'
import type { CallGate } from './call-gate.js'
import type { ModelBroker } from './model-broker.js'

/** A publisher of one process: every request waits at the gate. */
export function modelPublisher(broker: ModelBroker, gate: CallGate, process: object): RelayPublisher {
  const call = <R>(name: string, effect: () => R): Promise<R> =>
    gate.call(process, name, async () => effect())
  return {
    connect: () => call('connect', () => ({ clusterId: broker.clusterId })),
    createCheckpointTopic: () =>
      call('createCheckpointTopic', () => {
        broker.hasTopic = true
      }),
    hasCheckpointTopic: () => call('hasCheckpointTopic', () => broker.hasTopic),
    fence: (_relay, shard) =>
      call(`fence ${shard}`, () => modelProducer({ broker, shard, epoch: broker.fence(shard) }, call)),
    extendCheckpointTopic: () => call('extendCheckpointTopic', () => undefined),
    locate: (messages) =>
      call('locate', () => {
        const verdicts = messages.map(
          ({ id }) => [id, broker.holdsMessage(id) ? 'logged' : 'absent'] as const,
        )
        return new Map<string, LogVerdict>(verdicts)
      }),
    async close() {},
  }
}

interface Fenced {
  readonly broker: ModelBroker
  readonly shard: number
  readonly epoch: number
}

type Call = <R>(name: string, effect: () => R) => Promise<R>

function modelProducer({ broker, shard, epoch }: Fenced, call: Call): ShardProducer {
  let begun: Checkpoint | undefined
  let committed: Checkpoint | undefined
  return {
    readCheckpoint: () =>
      call(`readCheckpoint ${shard}`, () => {
        committed = broker.readCheckpoint(shard, epoch)
        return committed
      }),
    begin: (checkpoint) =>
      call(`begin ${shard}/${checkpoint.number}`, () => {
        broker.begin(shard, epoch, checkpoint)
        begun = checkpoint
      }),
    send: (rows) => call(`send ${shard}`, () => broker.send(shard, epoch, rows)),
    commit: () =>
      call(`commit ${shard}`, () => {
        broker.commit(shard, epoch)
        committed = begun
      }),
    isIntact: () => call(`isIntact ${shard}`, () => !committed || broker.holds(shard, committed)),
    async close() {},
  }
}

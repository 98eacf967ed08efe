import type { LoggableMessage, LogVerdict } from '../ports/adoption.js'
import type { CallScript } from '../ports/call-script.fake.js'
import type { Checkpoint, RelayPublisher, ShardProducer } from '../ports/relay-publisher.js'
import type { CapturedRow } from '../ports/relay-store.js'

/** A log in memory: what a commit was acknowledged for is in it, and its checkpoint with it. */
export class ScriptedPublisher implements RelayPublisher {
  readonly log: CapturedRow[] = []
  /** The number of rows of each committed transaction. */
  readonly transactions: number[] = []
  checkpoint: Checkpoint | undefined
  checkpointTopic = false
  clusterId = 'cluster'
  intact = true
  verdicts: ReadonlyMap<string, LogVerdict> = new Map()
  /** What a send that has this row in it rejects with. */
  refuses: { readonly id: string; readonly error: unknown } | undefined
  readonly #script: CallScript

  constructor(script: CallScript) {
    this.#script = script
  }

  async connect(): Promise<{ readonly clusterId: string }> {
    await this.#script.enter('connect')
    return { clusterId: this.clusterId }
  }

  async createCheckpointTopic(_relay: string, shards: number): Promise<void> {
    await this.#script.enter('createCheckpointTopic', shards)
    this.checkpointTopic = true
  }

  async extendCheckpointTopic(_relay: string, shards: number): Promise<void> {
    await this.#script.enter('extendCheckpointTopic', shards)
  }

  async hasCheckpointTopic(): Promise<boolean> {
    await this.#script.enter('hasCheckpointTopic')
    return this.checkpointTopic
  }

  async fence(_relay: string, shard: number): Promise<ShardProducer> {
    await this.#script.enter('fence', shard)
    return this.#producer()
  }

  async locate(messages: readonly LoggableMessage[]): Promise<ReadonlyMap<string, LogVerdict>> {
    await this.#script.enter('locate', messages.length)
    return this.verdicts
  }

  close(): Promise<void> {
    return this.#script.enter('closePublisher')
  }

  #producer(): ShardProducer {
    let begun: Checkpoint | undefined
    let sent: readonly CapturedRow[] = []
    const script = this.#script
    return {
      readCheckpoint: async () => {
        await script.enter('readCheckpoint')
        return this.checkpoint
      },
      begin: async (checkpoint) => {
        await script.enter('begin', checkpoint.number)
        begun = checkpoint
        sent = []
      },
      send: async (rows) => {
        await script.enter('send', rows.length)
        if (rows.some(({ id }) => id === this.refuses?.id)) throw this.refuses?.error
        sent = rows
      },
      commit: async () => {
        await script.enter('commit', begun?.number ?? 'nothing')
        this.checkpoint = begun
        this.log.push(...sent)
        this.transactions.push(sent.length)
      },
      isIntact: async () => {
        await script.enter('isIntact')
        return this.intact
      },
      close: () => script.enter('close'),
    }
  }
}

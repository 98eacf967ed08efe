import { PigeonholeError } from '../../errors/pigeonhole-error.js'
import type { Checkpoint } from '../../ports/relay-publisher.js'
import type { MappedShard } from '../../ports/shard-map.js'
import { checkpointPartitionsOf } from '../shard-map.js'
import { type AdoptOptions, type ResolvedAdoptOptions, resolveAdoptOptions } from './adopt-options.js'
import type { AdoptionReport, AdoptionShard } from './adoption-report.js'
import { type Identities, shardsOf } from './both-sides.js'
import { ShardAdoption } from './shard-adoption.js'

/** What an adoption came to. */
export interface Adoption {
  /**
   * `agreed`: both sides agree, nothing was asked or changed. `undecided`: of some messages it has to be told what becomes of
   * them, nothing was asked or changed. `declined`: it was told not to, nothing has changed. `adopted`: relays go on.
   */
  readonly outcome: 'agreed' | 'undecided' | 'declined' | 'adopted'
  readonly report: AdoptionReport
  /** The batch that each adopted shard goes on from. */
  readonly adopted: readonly { readonly shard: number; readonly batch: number }[]
}

/**
 * Makes an outbox and a Kafka cluster agree again, after a backup was restored, the database copied, moved or promoted
 * with loss, the cluster replaced, or its checkpoint topic lost. It fences every relay of the outbox, finds out which
 * messages were sent, shows both sides to `confirm`, and only then changes them: what was sent goes from the outbox, the
 * rest is sent by the next relay, each once. It may be killed and run again at any time. It closes the publisher.
 *
 * It must be run where the outbox lives on, and never on a copy beside the original.
 * @throws OPTION_INVALID; whatever makes store or broker unusable; with `keepCursor` every code of the start-up table that
 * tells of more than another identity; PRODUCER_FENCED when another relay of the name is at work.
 */
export async function adopt(options: AdoptOptions): Promise<Adoption> {
  const resolved = resolveAdoptOptions(options)
  try {
    return await run(resolved)
  } finally {
    await resolved.publisher.close()
  }
}

async function run(options: ResolvedAdoptOptions): Promise<Adoption> {
  const { store, publisher, name, keepCursor } = options
  await store.checkServer()
  const { clusterId } = await publisher.connect(name)
  const { recorded, systemIdentifier } = await store.readIdentity()
  const identities = { recorded, found: { relay: name, clusterId, systemIdentifier } }
  const map = await shardsOf(store)
  const shards = await survey(options, identities, map)
  const report: AdoptionReport = { ...identities, keepCursor, shards }
  if (shards.every(({ divergence }) => divergence === null)) return { outcome: 'agreed', report, adopted: [] }
  if (options.undecided === undefined && shards.some(({ outbox }) => (outbox?.undecided ?? 0) > 0))
    return { outcome: 'undecided', report, adopted: [] }
  if (!(await options.confirm(report))) return { outcome: 'declined', report, adopted: [] }
  return { outcome: 'adopted', report, adopted: await change(options, identities, { map, shards }) }
}

async function survey(
  options: ResolvedAdoptOptions,
  identities: Identities,
  map: readonly MappedShard[],
): Promise<AdoptionShard[]> {
  const described: AdoptionShard[] = []
  // Retired ones, too: they keep their numbers and their last cursor, and may come back.
  for (const { shard } of map) {
    const scene = { options, identities, shard, shards: checkpointPartitionsOf(map) }
    described.push(await within(scene, (adoption) => adoption.describe()))
  }
  return described
}

// The identity last, and every shard held until then: while it differs, every relay halts but one of the former name, which
// would go on with a shard that is free.
async function change(
  options: ResolvedAdoptOptions,
  identities: Identities,
  shown: { readonly map: readonly MappedShard[]; readonly shards: readonly AdoptionShard[] },
): Promise<{ readonly shard: number; readonly batch: number }[]> {
  const { publisher, name, keepCursor } = options
  const shards = checkpointPartitionsOf(shown.map)
  if (!(await publisher.hasCheckpointTopic(name, shards))) await publisher.createCheckpointTopic(name, shards)
  const adopted: { readonly shard: number; readonly batch: number }[] = []
  const held: ShardAdoption[] = []
  try {
    for (const { shard, checkpoint, divergence } of shown.shards) {
      if (divergence === null) continue
      const adoption = await ShardAdoption.open({ options, identities, shard, shards })
      held.push(adoption)
      assertUnmoved(shard, checkpoint, adoption.checkpoint)
      adopted.push({ shard, batch: await (keepCursor ? adoption.keep() : adoption.adopt()) })
    }
    await held.at(-1)?.writeIdentity()
  } finally {
    await Promise.all(held.map((adoption) => adoption.close()))
  }
  return adopted
}

async function within<R>(
  scene: Parameters<typeof ShardAdoption.open>[0],
  work: (adoption: ShardAdoption) => Promise<R>,
): Promise<R> {
  const adoption = await ShardAdoption.open(scene)
  try {
    return await work(adoption)
  } finally {
    await adoption.close()
  }
}

// Nothing of this database can have moved it: its relays were fenced.
function assertUnmoved(shard: number, shown: Checkpoint | null, found: Checkpoint | undefined): void {
  if ((shown?.number ?? null) === (found?.number ?? null) && shown?.token === found?.token) return
  throw new PigeonholeError('PRODUCER_FENCED', {
    message:
      `Kafka's checkpoint of shard ${shard} has moved from batch ${shown?.number ?? 'none'} to ${found?.number ?? 'none'} ` +
      'since both sides were shown: another relay of this name is at work, perhaps on the original of this database. ' +
      'Stop it, then run pigeonhole adopt again',
    details: { shard },
  })
}

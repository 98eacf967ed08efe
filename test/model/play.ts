import { isPigeonholeError } from '@pigeonhole/core'
import type { MemoryImage } from '@pigeonhole/testing'
import type { ModelServer, ServerImage } from './model-server.js'
import type { Divergence, History, Step } from './steps.js'
import { World } from './world.js'

type Act<Name extends Step['do']> = (world: World, step: Extract<Step, { do: Name }>) => unknown

/** The steps that need something to choose from. */
const acts: { readonly [Name in Exclude<Step['do'], Divergence>]: Act<Name> } = {
  run: async (world, { calls, choice }) => {
    // Different calls of one step are different choices.
    for (let call = 0; call < calls; call++)
      if (!(await world.pass(choice * (call + 1), 'done'))) await world.passTimeToNextSleep()
  },
  fate: (world, { fate, choice }) => world.pass(choice, fate),
  time: (world, { ms }) => world.passTime(ms),
  publish: (world, message) =>
    world.writers.publish(pick(world.servers, message.rows + message.key), message),
  begin: (world, { key, rows }) => world.writers.begin(pick(world.servers, rows + key), key, rows),
  end: (world, { choice, how }) => world.writers.end(choice, how),
  pause: (world, { relay }) => pick(world.processes, relay).pause(),
  resume: (world, { relay }) => pick(world.processes, relay).resume(),
  kill: (world, { relay }) => world.kill(pick(world.processes, relay)),
  flush: ({ server }) => server.flush(),
  replicate: ({ server }) => server.replicate(),
  crash: ({ server }) => server.crash(),
  'back up': (world) => world.backUp(),
  refuse: ({ broker, writers }, { choice }) => {
    const last = [...writers.messages.keys()].at(-1 - (choice % 3))
    if (last) broker.refused.add(last)
  },
  accept: ({ broker }) => broker.refused.clear(),
  'retry parked': ({ server }) => {
    const retrying = server.store.retryParked({})
    retrying.then(() => server.flush()).catch(() => undefined)
  },
  'discard parked': async ({ server, discarded, perhapsDiscarded }, { choice }) => {
    const { connections } = server
    const parked = await server.store.listParkedMessages({}, 1_000)
    const one = parked[choice % Math.max(1, parked.length)]
    if (!one) return
    const discarding = server.store.discardParked({ ids: [one.id] })
    const note = ({ messages }: { readonly messages: number }): void => {
      server.flush()
      // Whose connection was cut before the answer came does not know.
      if (messages > 0) (connections.aborted ? perhapsDiscarded : discarded).add(one.messageId)
    }
    discarding.then(note).catch(() => undefined)
  },
  reshard: (world, { shards }) => void world.reshard(shards),
  // Never on a copy beside its original.
  adopt: (world) => void (world.clone || world.adopt()),
  'kill operator': (world) => world.killOperations(),
  'pause operator': ({ operations }) => operations.at(-1)?.pause(),
  'resume operator': ({ operations }) => operations.at(-1)?.resume(),
  advance: (world, { relay, until }) => world.advance(pick(world.processes, relay), until),
  'let through': async (world, { relay, call }) => {
    const process = pick(world.processes, relay)
    await world.advance(process, call)
    await world.letThrough(process, call)
  },
  'advance operator': (world, { until }) => {
    const operation = world.operations.at(-1)
    return operation && world.advance(operation, until)
  },
  markers: ({ broker }) => broker.writeMarkers(),
  'time out': ({ broker }) => broker.timeOut(),
  compact: ({ broker }) => broker.compact(),
  'remember log': (world) => world.rememberLog(),
}

const divergenceActs: { readonly [Name in Divergence]: (world: World) => unknown } = {
  'fail over': ({ server }) => server.failOver(),
  restore: ({ server, backup }) => server.restore(backup),
  clone: (world) => {
    if (!world.clone) world.startClone(world.server.image())
  },
  copy: async (world) => {
    const copy = await copyOf(world.server)
    if (copy && !world.clone) world.startClone(copy)
  },
  move: async (world) => {
    const copy = await copyOf(world.server)
    if (copy) world.move(copy)
  },
  truncate: ({ broker, oldLog, elsewhere }) => {
    for (const id of broker.restore(oldLog)) elsewhere.add(id)
  },
  'lose topic': ({ broker }) => broker.loseCheckpointTopic(),
  'new cluster': async ({ broker, server, elsewhere, confirmedElsewhere }) => {
    for (const { id, shard, batch } of broker.becomeAnother()) {
      elsewhere.add(id)
      const lease = await server.store.readLease(shard)
      if (batch <= (lease?.confirmed ?? batch)) confirmedElsewhere.add(id)
    }
  },
}

// Before a genesis nothing tells a copy from its original.
async function copyOf(server: ModelServer): Promise<ServerImage | undefined> {
  const { recorded } = await server.store.readIdentity()
  const { memory, committed } = server.image()
  const moved: MemoryImage = { ...memory, systemIdentifier: 'another system', lastXid: 3 }
  return recorded ? { memory: moved, committed } : undefined
}

/** Plays all steps of `history`; then faults cease, and everything runs until nothing more can be expected. */
export async function play(history: History): Promise<World> {
  const world = new World(history)
  await world.passTime(1)
  for (const step of history.steps) {
    if (isDivergence(step)) {
      world.warrant(step.do)
      await divergenceActs[step.do](world)
    } else await (acts[step.do] as Act<typeof step.do>)(world, step as never)
  }
  await calmDown(world)
  return world
}

function isDivergence(step: Step): step is Extract<Step, { do: Divergence }> {
  return step.do in divergenceActs
}

const patience = 6_000
const afterglow = 150

async function calmDown(world: World): Promise<void> {
  await world.writers.rollbackAll()
  for (const process of [...world.processes, ...world.operations]) process.resume()
  await publishLast(world)
  const isOverButForParked = async (): Promise<boolean> => isOver(world, await parkedIds(world))
  await goOnUntil(world, isOverButForParked)
  // What nobody goes on with hides the log behind it: of a relay that has halted, or of a shard that a failover has undone.
  world.broker.timeOut()
  await goOnUntil(world, isOverButForParked)
  world.notePark(await parkedIds(world))
  if (!world.clone && !(await isOverButForParked())) world.surprises.push('what is refused holds up the rest')
  // The broker takes what it had refused, and an operator has everything sent again.
  world.broker.refused.clear()
  await haveAllSent(world)
  if (world.halts.length > 0 && !world.clone) await adoptAndGoOn(world)
  // What comes once too often comes now.
  for (let turn = 0; turn < afterglow; turn++) await goOn(world)
  world.broker.writeMarkers()
}

// A last message for each shard: a relay at rest notices only then what was done to its servers.
async function publishLast(world: World): Promise<void> {
  for (const server of world.servers)
    for (let key = 0; key < 3; key++) await world.writers.publish(server, { key, rows: 1, sync: true })
}

// Whatever halted the relays, an adoption makes both sides agree; relays that are started then send what is left.
async function adoptAndGoOn(world: World): Promise<void> {
  world.killOperations()
  const outcomes: (string | undefined)[] = []
  while (!['adopted', 'agreed'].includes(outcomes.at(-1) ?? '') && outcomes.length < 5) {
    const adoption = world.adopt()
    await goOnUntil(world, async () => adoption.outcome !== undefined)
    outcomes.push(adoption.outcome)
    world.broker.timeOut()
  }
  if (outcomes.length === 5) world.surprises.push(`no adoption comes to its end: ${outcomes}`)
  world.noteAdoption()
  await publishLast(world)
  await haveAllSent(world)
}

// Again where a refusal from before is noted only behind the operator's word, as an operator would who still sees it parked.
async function haveAllSent(world: World): Promise<void> {
  for (let turn = 0; turn < 3 && (turn === 0 || !isOver(world)); turn++) {
    for (const server of world.servers) await retryParked(world, server)
    await goOnUntil(world, async () => isOver(world))
  }
}

async function goOnUntil(world: World, isDone: () => Promise<boolean>): Promise<void> {
  for (let left = patience; left > 0; left--) {
    world.map = await world.server.store.readShards()
    if (await isDone()) return
    await goOn(world)
  }
}

// It takes turns with the relays' transactions, so that they have to go on meanwhile.
async function retryParked(world: World, { store }: ModelServer): Promise<void> {
  let isDone = false
  void store.retryParked({}).then(() => {
    isDone = true
  })
  await goOnUntil(world, async () => isDone)
}

async function parkedIds({ server }: World): Promise<string[]> {
  const parked = await server.store.listParkedMessages({}, 1_000)
  return parked.map(({ messageId }) => messageId)
}

async function goOn(world: World): Promise<void> {
  if (!(await world.pass(0, 'done'))) {
    world.broker.writeMarkers()
    await world.passTimeToNextSleep()
  }
}

/** What is committed, and neither in a log, nor `parked`, nor discarded. */
export function missing(world: World, parked: readonly string[] = []): string[] {
  const { broker, server, discarded, perhapsDiscarded } = world
  // What Kafka has lost is nowhere unseen.
  const elsewhere = world.isToldOfLoss || world.halts.length > 0 ? world.elsewhere : []
  const sent = broker.log.map(({ id }) => id)
  const settled = new Set([...sent, ...parked, ...elsewhere, ...discarded, ...perhapsDiscarded])
  return server.committed.filter((id) => !settled.has(id))
}

/** Whether all is published but what is `parked`, or who would publish the rest has halted. */
export function isOver(world: World, parked: readonly string[] = []): boolean {
  return missing(world, parked).every((id) => {
    // Without a map, of which a crash has taken the first version back, it is the first shard that stands still for all.
    const shard = world.map.length === 0 ? 0 : world.shardOf(id)
    return (
      shard !== undefined && (hasHalted(world, shard) || (waitsForFirst(world, shard) && hasHalted(world, 0)))
    )
  })
}

function hasHalted(world: World, shard: number): boolean {
  return world.statesOf(shard).every((status) => status?.state === 'halted')
}

// A failover to before the genesis: who has taken it back halts, and the other shards begin behind it.
function waitsForFirst(world: World, shard: number): boolean {
  const led = world.statesOf(shard).filter((status) => status?.state !== 'standby')
  return led.some((status) => isPigeonholeError(status?.error, 'FIRST_SHARD_UNOPENED'))
}

function pick<T>(among: readonly T[], choice: number): T {
  const picked = among[choice % among.length]
  if (picked === undefined) throw new Error('There is nothing to choose from')
  return picked
}

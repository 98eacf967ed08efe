import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaApi, KafkaNode, KafkaProxy, Loss, PostgresProxy } from '@pigeonhole/testing'
import pg from 'pg'
import type { ChaosWriters } from './chaos-writers.js'
import type { ChaosCluster } from './cluster.js'
import type { ConsumerCrew } from './consumer-crew.js'
import type { Operator } from './operator.js'
import type { Step, StepKind } from './plan.js'
import type { RelayCrew } from './relay-crew.js'

/** What faults are done to. */
export interface Victims {
  readonly cluster: ChaosCluster
  readonly crew: RelayCrew
  /** Absent where nothing is handled. */
  readonly consumers: ConsumerCrew | undefined
  readonly writers: ChaosWriters
  readonly operator: Operator
  /** Another database of the same server. */
  readonly otherDatabaseUrl: string
  /** Aborts when the faults end: whatever is broken is mended at once. */
  readonly over: AbortSignal
}

/** Tells that a fault has really happened, and to whom. */
export type Injected = (what: string) => void

/** Breaks something, tells so, holds it, and mends it again. */
type Fault = (victims: Victims, step: Step, injected: Injected) => Promise<void>

/** A message that is waited for so long, in milliseconds. */
const lossMs = 15_000

/** A connection that is waited for so long. */
const connectionMs = 5_000

/** Commits that a burst is to have, and how long it may take, in milliseconds. */
const burst = { commits: 100, ms: 3_000 }

/** How each kind of fault is done. */
export const faults: Readonly<Record<StepKind, Fault>> = {
  'relay killed': async ({ crew }, { target }, injected) => {
    const { name, relay } = crew.pick(target)
    if (relay.hasEnded) return
    relay.signal('SIGKILL')
    injected(name)
  },
  'relay paused': async ({ crew, over }, step, injected) => {
    const { name, relay } = crew.pick(step.target)
    if (relay.hasEnded) return
    relay.signal('SIGSTOP')
    injected(`${name} for ${step.holdMs} ms`)
    await hold(step, over)
    relay.signal('SIGCONT')
  },
  'broker killed': async ({ cluster, over }, step, injected) => {
    const node = nodeOf(cluster, step)
    await node.kill()
    injected(`broker ${node.id} for ${step.holdMs} ms`)
    await hold(step, over)
    await comeBack(node)
  },
  'broker paused': async ({ cluster, over }, step, injected) => {
    const node = nodeOf(cluster, step)
    await node.pause()
    injected(`broker ${node.id} for ${step.holdMs} ms`)
    await hold(step, over)
    await node.resume()
  },
  'database killed': async ({ cluster, over }, step, injected) => {
    await cluster.postgres.kill()
    injected(`for ${step.holdMs} ms`)
    await hold(step, over)
    await comeBack(cluster.postgres)
  },
  // A relay's commits are flushed, and those of others with them: only what comes behind the last of them is taken back.
  'database killed behind a burst': async ({ cluster, crew, writers, over }, step, injected) => {
    crew.signal('SIGSTOP')
    try {
      writers.hurry(true)
      const { commits } = writers
      const until = performance.now() + burst.ms
      while (writers.commits < commits + burst.commits && performance.now() < until) await delay(5)
      await cluster.postgres.kill()
      injected(`${writers.commits - commits} commits later, for ${step.holdMs} ms`)
    } finally {
      writers.hurry(false)
      crew.signal('SIGCONT')
    }
    await hold(step, over)
    await comeBack(cluster.postgres)
  },
  'database paused': async ({ cluster, over }, step, injected) => {
    await cluster.postgres.pause()
    injected(`for ${step.holdMs} ms`)
    await hold(step, over)
    await cluster.postgres.resume()
  },
  'PgBouncer killed': async ({ cluster, over }, step, injected) => {
    await cluster.bouncer.kill()
    injected(`for ${step.holdMs} ms`)
    await hold(step, over)
    await comeBack(cluster.bouncer)
  },
  'PgBouncer paused': async ({ cluster, over }, step, injected) => {
    await cluster.bouncer.pause()
    injected(`for ${step.holdMs} ms`)
    await hold(step, over)
    await cluster.bouncer.resume()
  },
  'Kafka connections cut': kafkaFault((proxy) => proxy.cut()),
  'Kafka connections delayed': kafkaFault((proxy, { delayMs }) => delayed(proxy, delayMs)),
  'Kafka connections half-open': kafkaFault((proxy) => proxy.halfOpen()),
  'Kafka unreachable': kafkaFault((proxy) => unreachable(proxy)),
  'EndTxn reply lost': kafkaLoss('EndTxn', 'reply'),
  'EndTxn request lost': kafkaLoss('EndTxn', 'request'),
  'Produce reply lost': kafkaLoss('Produce', 'reply'),
  'Produce request lost': kafkaLoss('Produce', 'request'),
  'InitProducerId reply lost': kafkaLoss('InitProducerId', 'reply'),
  'PostgreSQL connections cut': databaseFault((proxy) => proxy.cut()),
  'PostgreSQL connections delayed': databaseFault((proxy, { delayMs }) => delayed(proxy, delayMs)),
  'PostgreSQL connections half-open': databaseFault((proxy) => proxy.halfOpen()),
  'PostgreSQL unreachable': databaseFault((proxy) => unreachable(proxy)),
  'COMMIT reply lost': commitLoss('reply'),
  'COMMIT request lost': commitLoss('request'),
  'long transaction elsewhere': async ({ otherDatabaseUrl, over }, step, injected) => {
    const client = new pg.Client({ connectionString: otherDatabaseUrl, connectionTimeoutMillis: 2_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id()')
      injected(`for ${step.holdMs} ms`)
      await hold(step, over)
      await client.query('COMMIT')
    } catch {
      // A crash of the server has ended it.
    } finally {
      await client.end().catch(() => undefined)
    }
  },
  'outbox divided anew': ({ operator, over }, step, injected) => operator.reshard(step, over, injected),
  'records too large': ({ operator, over }, step, injected) => operator.limit(step, over, injected),
  'consumer killed': async ({ consumers }, { target }, injected) => {
    const found = consumers?.pick(target)
    if (!found || found.member.hasEnded) return
    found.member.signal('SIGKILL')
    injected(found.name)
  },
  'consumer paused': async ({ consumers, over }, step, injected) => {
    const found = consumers?.pick(step.target)
    if (!found || found.member.hasEnded) return
    found.member.signal('SIGSTOP')
    injected(`${found.name} for ${step.holdMs} ms`)
    await hold(step, over)
    found.member.signal('SIGCONT')
  },
  'consumer leaves': async ({ consumers }, { target }, injected) => {
    const found = consumers?.pick(target)
    if (!found || found.member.hasEnded) return
    found.member.command('stop')
    injected(found.name)
  },
  'topic missing': ({ operator, over }, step, injected) => operator.addTopic(step, over, injected),
}

/** A server that was killed. A busy machine may not bring it back the first time. */
async function comeBack(server: { restart(): Promise<void> }): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await server.restart()
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}

/** Resolves after the step's time, or when the faults end. */
export async function hold({ holdMs }: Step, over: AbortSignal): Promise<void> {
  await delay(holdMs, undefined, { signal: over }).catch(() => undefined)
}

function nodeOf({ kafka }: ChaosCluster, { target }: Step): KafkaNode {
  return kafka.nodes[target % kafka.nodes.length] as KafkaNode
}

/** Connections that a fault of the network has hit; with none, nothing has happened. */
type Break<Proxy> = (proxy: Proxy, step: Step) => number

function delayed(proxy: KafkaProxy | PostgresProxy, delayMs: number): number {
  proxy.delay(delayMs)
  return proxy.connections
}

function unreachable(proxy: KafkaProxy | PostgresProxy): number {
  proxy.blackhole()
  return proxy.connections
}

function kafkaFault(strike: Break<KafkaProxy>): Fault {
  return async ({ cluster, over }, step, injected) => {
    const index = step.target % cluster.kafkaProxies.length
    const proxy = cluster.kafkaProxies[index] as KafkaProxy
    await breakFor({ proxy, strike, name: `broker ${index + 1}` }, { step, over, injected })
  }
}

function databaseFault(strike: Break<PostgresProxy>): Fault {
  return async ({ cluster, over }, step, injected) => {
    const [proxy, name] =
      step.target % 2 === 0
        ? ([cluster.bouncerProxy, 'relays to PgBouncer'] as const)
        : ([cluster.databaseProxy, 'PgBouncer and writers to PostgreSQL'] as const)
    await breakFor({ proxy, strike, name }, { step, over, injected })
  }
}

interface Network<Proxy> {
  readonly proxy: Proxy
  readonly name: string
  readonly strike: Break<Proxy>
}

interface Moment {
  readonly step: Step
  readonly over: AbortSignal
  readonly injected: Injected
}

async function breakFor<Proxy extends KafkaProxy | PostgresProxy>(
  { proxy, name, strike }: Network<Proxy>,
  { step, over, injected }: Moment,
): Promise<void> {
  // Clients that have just been cut off come back.
  const until = performance.now() + connectionMs
  while (proxy.connections === 0 && performance.now() < until && !over.aborted) await delay(20)
  const hit = strike(proxy, step)
  if (hit > 0) injected(`${name}, ${hit} connections`)
  await hold(step, over)
  proxy.heal()
}

function kafkaLoss(api: KafkaApi, lost: Loss['lost']): Fault {
  return async ({ cluster, over }, { connection }, injected) => {
    const arm = (proxy: KafkaProxy, signal: AbortSignal): Promise<boolean> =>
      proxy.lose({ api, lost, connection }, signal)
    const struck = await firstToLose(cluster.kafkaProxies, over, arm)
    if (struck !== undefined) injected(`broker ${struck + 1}, connection ${connection}`)
  }
}

function commitLoss(lost: Loss['lost']): Fault {
  return async ({ cluster, over }, { connection, target }, injected) => {
    const proxies = target % 4 === 0 ? [cluster.databaseProxy] : [cluster.bouncerProxy]
    const arm = (proxy: PostgresProxy, signal: AbortSignal): Promise<boolean> =>
      proxy.lose({ statement: /^commit/i, lost, connection }, signal)
    const struck = await firstToLose(proxies, over, arm)
    const whose = target % 4 === 0 ? 'a relay or writer' : 'a relay'
    if (struck !== undefined) injected(`${whose}, connection ${connection}`)
  }
}

/** Which proxy has lost the message that any of them is to lose; undefined if none came by. */
async function firstToLose<Proxy>(
  proxies: readonly Proxy[],
  over: AbortSignal,
  arm: (proxy: Proxy, signal: AbortSignal) => Promise<boolean>,
): Promise<number | undefined> {
  const enough = new AbortController()
  const timer = setTimeout(() => enough.abort(), lossMs)
  const signal = AbortSignal.any([over, enough.signal])
  const outcomes = proxies.map(async (proxy, index) => {
    const struck = await arm(proxy, signal)
    // In the same turn of the event loop: no other message passes in between.
    if (struck) enough.abort()
    return struck ? index : undefined
  })
  const found = await Promise.all(outcomes)
  clearTimeout(timer)
  return found.find((index) => index !== undefined)
}

import { once } from 'node:events'
import type { Actor } from './actor.js'
import { type Cast, everyone, type Style } from './cast.js'
import { faultsOf, injectFaults } from './inject.js'
import { type Injected, InjectedCount } from './injected.js'
import type { Plan } from './plan.js'
import { settle } from './settle.js'
import type { Servers, Stage } from './stage.js'

/** What {@link conduct} works with. */
export interface Performance {
  readonly style: Style
  readonly plan: Plan
  readonly cast: Cast
  readonly stage: Stage
  readonly servers: Servers
  /** Hears of each thing that happens. */
  readonly tell: (what: string, whom: string, details: string) => void
  /** Aborts when the demo is to end at once. */
  readonly signal: AbortSignal
}

const longestMs = 60_000

/** Plays the plan once, until all of it has happened and everything has come to rest. Its processes then still run. */
export async function conduct(performance: Performance): Promise<Injected> {
  const { cast, style, stage, servers, signal } = performance
  const injected = new InjectedCount()
  const actors = everyone(cast)
  injected.listen(actors)
  const deadline = AbortSignal.timeout(longestMs)
  const over = AbortSignal.any([signal, deadline])
  const work = async (): Promise<void> => {
    await raiseCurtain(performance)
    await play(performance, injected)
    await settle(style, stage, servers, over)
  }
  await Promise.race([work(), ...actors.map(failure), aborted(over)])
  return injected
}

async function raiseCurtain({ cast, plan, tell }: Performance): Promise<void> {
  const start = (actor: Actor): Promise<void> => actor.start(faultsOf({ plan, cast }, actor)[0]?.at)
  // The first relay leads before the second one stands by: the plan has a part for each.
  const inOrder = async (relays: readonly Actor[]): Promise<void> => {
    for (const relay of relays) await start(relay)
  }
  await Promise.all([inOrder(cast.relays), ...cast.billing.map(start)])
  tell(
    'start',
    everyone(cast)
      .map(({ name }) => name)
      .join(' '),
    '',
  )
}

async function play({ cast, plan, tell }: Performance, injected: InjectedCount): Promise<void> {
  const faults = everyone(cast).map((actor) => injectFaults({ plan, cast, injected, tell }, actor))
  const enough = cast.orders.map((actor) => committedOrders(actor, plan.ordersEach))
  await Promise.all(
    [cast.provider, ...cast.orders].map((actor) => actor.start(faultsOf({ plan, cast }, actor)[0]?.at)),
  )
  await Promise.all([...faults, ...enough])
  const traffic = [cast.provider, ...cast.orders]
  await Promise.all(traffic.map((actor) => finish(actor)))
  tell('calm', 'no new orders', 'what is committed is sent and handled')
}

async function committedOrders(actor: Actor, wanted: number): Promise<void> {
  let orders = 0
  await actor.next((report) => {
    if (report.says === 'moment' && report.moment === 'order committed') orders += 1
    return orders >= wanted
  })
}

async function finish(actor: Actor): Promise<void> {
  const done = actor.next(({ says }) => says === 'done')
  actor.tell({ do: 'finish' })
  await done
}

async function failure(actor: Actor): Promise<never> {
  const [error] = await once(actor, 'fell')
  throw error
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}

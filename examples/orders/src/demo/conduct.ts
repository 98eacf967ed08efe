import { once } from 'node:events'
import type { Actor } from './actor.js'
import { type Cast, everyone, type Style } from './cast.js'
import { faultsOf, type Injection, injectFaults } from './inject.js'
import { type Injected, InjectedCount, notInjected } from './injected.js'
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

const longestMs = 300_000

/** Plays the plan once, until all of it has happened and everything has come to rest. Its processes then still run. */
export async function conduct(performance: Performance): Promise<Injected> {
  const { cast, style, stage, servers, plan, tell, signal } = performance
  const injected = new InjectedCount()
  injected.listen(everyone(cast))
  const injection: Injection = { plan, cast, injected, tell, outstanding: new Set(plan.faults) }
  const deadline = AbortSignal.timeout(longestMs)
  const over = AbortSignal.any([signal, deadline])
  const work = async (): Promise<void> => {
    await raiseCurtain(injection)
    await play(injection)
    await settle(style, stage, servers, over)
  }
  try {
    await Promise.race([work(), ...everyone(cast).map(failure), aborted(over)])
  } catch (error) {
    throw deadline.aborted ? late(injection) : error
  }
  return injected
}

async function raiseCurtain({ plan, cast }: Injection): Promise<void> {
  const start = (actor: Actor): Promise<void> => actor.start(faultsOf({ plan, cast }, actor)[0]?.at)
  // One that has a part as a stand-by comes when the one that leads stands still.
  const relays = cast.relays.filter((relay) => relay !== cast.roles['sender 2'])
  await Promise.all([...relays, ...cast.billing, ...cast.orders].map(start))
}

async function play(injection: Injection): Promise<void> {
  const { cast, plan, injected, tell } = injection
  const all = injected.untilComplete(everyone(cast))
  const faults = everyone(cast).map((actor) => injectFaults(injection, actor))
  const enough = cast.orders.map((actor) => committedOrders(actor, plan.ordersEach))
  const traffic = [cast.provider, ...cast.shops]
  await Promise.all(traffic.map((actor) => actor.start(faultsOf(injection, actor)[0]?.at)))
  tell(
    'start',
    everyone(cast)
      .filter(({ pid }) => pid > 0)
      .map(({ name }) => name)
      .join(' '),
    '',
  )
  await Promise.all([...faults, ...enough, all])
  await Promise.all(traffic.map((actor) => finish(actor)))
  tell('calm', 'no new orders; what is committed is sent and handled', '')
}

function late({ outstanding, injected }: Injection): Error {
  const faults = [...outstanding].map(({ kind, role, at }) => `${kind} ${role} at '${at.moment}' ${at.count}`)
  const rest = [...faults, ...notInjected(injected)].join(', ')
  return new Error(
    `The run did not come to rest within ${longestMs / 1000} s. ` +
      (rest ? `Not reached: ${rest}` : 'Something committed is not sent or not handled'),
  )
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

import { setTimeout as pause } from 'node:timers/promises'
import type { Actor } from './actor.js'
import type { Cast } from './cast.js'
import type { InjectedCount } from './injected.js'
import type { Fault, Plan } from './plan.js'
import type { Moment, Report, Subject } from './protocol.js'

/** What {@link injectFaults} works with. */
export interface Injection {
  readonly plan: Plan
  readonly cast: Cast
  readonly injected: InjectedCount
  /** The faults that have not happened yet. */
  readonly outstanding: Set<Fault>
  /** Hears of each thing that happens. */
  readonly tell: (what: string, whom: string, details: string) => void
}

type Held = Extract<Report, { says: 'held' }>

/** The faults that are meant for an actor, in their order. A process plays one role or, without relays, two. */
export function faultsOf({ plan, cast }: Pick<Injection, 'plan' | 'cast'>, actor: Actor): Fault[] {
  return plan.faults.filter(({ role }) => cast.roles[role] === actor)
}

/** Lets an actor, which was started with the hold of its first fault, meet its faults one after the other. */
export async function injectFaults(injection: Injection, actor: Actor): Promise<void> {
  const faults = faultsOf(injection, actor)
  for (const [at, fault] of faults.entries()) {
    const held = (await actor.next(({ says }) => says === 'held')) as Held
    await startStandBy(injection, actor)
    if (fault.kind === 'kill') await killAndRestart(injection, actor, fault, faults[at + 1])
    else await pauseAndWake(injection, actor, fault, held)
    injection.outstanding.delete(fault)
  }
}

// Of the relays only the one that leads has to run until it stands still at its fault. Another one would take over earlier where the
// machine is slow, and which of them came to its fault would be the machine's choice.
async function startStandBy({ plan, cast, outstanding, tell }: Injection, leader: Actor): Promise<void> {
  if (!cast.relays.includes(leader)) return
  const other = otherSender(cast, leader)
  if (other.pid > 0) return
  const next = faultsOf({ plan, cast }, other).find((fault) => outstanding.has(fault))
  await other.start(next?.at)
  tell('start', other.name, 'it stands by')
}

async function killAndRestart(
  { cast, injected, tell }: Injection,
  actor: Actor,
  fault: Fault,
  next?: Fault,
): Promise<void> {
  const { pid } = actor
  const signal = await actor.kill()
  if (signal !== 'SIGKILL') throw new Error(`${actor.name} was to die by SIGKILL, and died by ${signal}`)
  injected.kills += 1
  const isRelay = cast.relays.includes(actor)
  tell('kill -9', actor.name, `(pid ${pid}) ${describe(fault)}${isRelay ? '' : '; started again'}`)
  if (!isRelay) await actor.start(next?.at)
}

async function pauseAndWake(injection: Injection, actor: Actor, fault: Fault, held: Held): Promise<void> {
  const { injected, tell } = injection
  const overtaken =
    fault.at.moment === 'about to handle'
      ? handledElsewhere(injection, actor, held)
      : sentElsewhere(injection, actor)
  actor.pause()
  injected.pauses += 1
  tell('pause', actor.name, `(pid ${actor.pid}) ${describe(fault)}`)
  const why = await overtaken
  const acted = actor.next((report) => isAct(report, held.subject))
  actor.tell({ do: 'go on' })
  actor.wake()
  tell('wake', actor.name, why)
  tell('then', actor.name, describeAct(await acted))
}

// What a process that has woken up does with what it was about to do.
function isAct(report: Report, subject: Subject): boolean {
  if (report.says === 'ready') return true
  if (report.says === 'moment' && report.moment === 'in Kafka') return true
  const handled = report.says === 'given up' || (report.says === 'moment' && report.moment === 'handled')
  return handled && isSamePlace(report.subject, subject) && report.subject.offset === subject.offset
}

function isSamePlace(one: Subject, other: Subject): boolean {
  return one.topic === other.topic && one.partition === other.partition
}

function describeAct(report: Report): string {
  if (report.says === 'ready') return 'could not send any more: it stands by'
  if (report.says === 'given up' && report.subject.topic === undefined) return 'could not send any more'
  if (report.says !== 'moment') return 'could not handle it any more'
  if (report.moment === 'in Kafka') return 'has sent what it was about to send'
  return report.subject.outcome === 'duplicate'
    ? 'was told that this message is handled'
    : 'has handled that message as well'
}

const points: Readonly<Record<Moment, (nth: string) => string>> = {
  answered: (nth) => `its ${nth} answer has come, and is not written down`,
  'order committed': (nth) => `its ${nth} order is committed, and nobody has been told of it`,
  'about to send': (nth) => `about to send for the ${nth} time`,
  'in Kafka': (nth) => `its ${nth} send is in Kafka, and it has not noticed yet`,
  'about to handle': (nth) => `about to handle its ${nth} message`,
  handled: (nth) => `its ${nth} message is handled, Kafka's offset is not committed`,
}

function describe({ at }: Fault): string {
  return points[at.moment](ordinal(at.count))
}

function ordinal(count: number): string {
  const last = count % 100 > 10 && count % 100 < 20 ? 0 : count % 10
  return `${count}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`
}

function otherSender({ roles }: Cast, sender: Actor): Actor {
  return sender === roles['sender 2'] ? roles['sender 1'] : roles['sender 2']
}

// Another sender has gone on without the paused one.
async function sentElsewhere({ plan, cast }: Injection, paused: Actor): Promise<string> {
  const other = otherSender(cast, paused)
  let messages = 0
  const enough = other.next((report) => {
    if (report.says === 'moment' && report.moment === 'in Kafka') messages += report.subject.messages ?? 0
    return messages >= plan.wakeSenderAfter
  })
  // An order service may stand still with another order's locks, and the other one wait for those.
  await Promise.race([enough, pause(plan.longestPauseMs, undefined, { ref: false })])
  return `${other.name} has sent ${messages} messages meanwhile`
}

// Another consumer has got its partition, and has handled what the paused one was about to handle.
async function handledElsewhere({ cast }: Injection, paused: Actor, held: Held): Promise<string> {
  const other = paused === cast.roles['billing 2'] ? cast.roles['billing 1'] : cast.roles['billing 2']
  const { offset = 0 } = held.subject
  await other.next((report) => {
    if (report.says !== 'moment' || report.moment !== 'handled') return false
    return isSamePlace(report.subject, held.subject) && (report.subject.offset ?? -1) >= offset
  })
  return `${other.name} has its partition, and has handled that message`
}

import { setTimeout as delay } from 'node:timers/promises'
import { type Program, RelayProcess } from '../relay/relay-process-handle.js'
import type { RelayProcessMessage, RelayProcessOptions } from '../relay/relay-process-protocol.js'
import type { History } from './history.js'
import type { Fate, Plan } from './plan.js'
import type { Occasion } from './strikes.js'

const programs: Readonly<Record<Occasion, Program>> = {
  'first opening': 'relay-process',
  relay: 'relay-process',
  resharding: 'reshard-process',
  'parked retry': 'operator-process',
  adoption: 'adopt-process',
  consumer: 'inbox-process',
}

/** What a process is started with, and who hears of it. */
export interface FatedSetup {
  /** How the history names it. */
  readonly name: string
  readonly occasion: Occasion
  readonly options: Omit<RelayProcessOptions, 'fault'>
  /** Undefined: it ends by another's hand. */
  readonly fate: Fate | undefined
  readonly plan: Plan
  readonly history: History
  readonly hear?: (message: RelayProcessMessage) => void
}

/** Starts a process that kills or pauses itself at its point, and goes on behind a pause. */
export function startFated(setup: FatedSetup): RelayProcess {
  const { name, occasion, options, fate, history, hear } = setup
  const { point } = fate?.strike ?? {}
  history.note(`${name} starts${fate ? `, ${fate.signal} at ${point} (${fate.occurrence})` : ''}`)
  const fault = fate && { point: fate.strike.point, occurrence: fate.occurrence, signal: fate.signal }
  const started = new RelayProcess({ ...options, ...(fault && { fault }) }, programs[occasion], hear)
  if (fate) void awaitFate(setup, fate, started)
  return started
}

async function awaitFate(
  { name, occasion, plan, history }: FatedSetup,
  fate: Fate,
  started: RelayProcess,
): Promise<void> {
  const reached = await started.reached().then(
    () => true,
    () => false, // It has ended before it came there.
  )
  if (!reached) return
  const paused = fate.signal === 'SIGSTOP'
  const what = `${name} at ${fate.strike.point}${paused ? ` for ${fate.holdMs} ms` : ''}`
  history.injected(`${occasion} ${paused ? 'paused' : 'killed'} at a point`, what)
  history.struck(fate.strike.name)
  plan.struck(occasion, fate)
  if (!paused) return
  await delay(fate.holdMs)
  started.signal('SIGCONT')
}

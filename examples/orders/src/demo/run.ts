import { randomBytes } from 'node:crypto'
import { type Cast, castFor, everyone, type Style } from './cast.js'
import type { Scene } from './evidence.js'
import type { Plan } from './plan.js'
import { type Servers, type Stage, setStage, strikeStage } from './stage.js'

/** How a run is called in the table. */
export const titles: Readonly<Record<Style, string>> = { usual: 'usual way', pigeonhole: 'Pigeonhole' }

/** A run of the plan. Its disposal ends its processes, and removes what it has left on servers that live on. */
export interface Run extends AsyncDisposable {
  readonly style: Style
  readonly stage: Stage
  readonly cast: Cast
  readonly scene: Scene
}

/** Sets the stage of a run. */
export async function openRun(style: Style, plan: Plan, servers: Servers): Promise<Run> {
  const stage = await setStage(servers, prefixFor(style, servers))
  const cast = castFor(style, plan, stage)
  const { orders, billing, shop, prefix } = stage
  return {
    style,
    stage,
    cast,
    scene: {
      title: titles[style],
      ordersUrl: orders.url,
      billingUrl: billing.url,
      shopUrl: shop.url,
      brokers: servers.brokers,
      prefix,
    },
    async [Symbol.asyncDispose]() {
      await endProcesses(cast)
      await strikeStage(stage, servers)
    },
  }
}

// Servers that others use too get names that nobody else has.
function prefixFor(style: Style, { shared }: Servers): string {
  if (shared) return `demo-${randomBytes(4).toString('hex')}.${style}.`
  return style === 'usual' ? 'usual.' : ''
}

/** Ends every process of a run. Those that take long are killed: nothing depends on how they end. */
export async function endProcesses(cast: Cast): Promise<void> {
  await Promise.all(everyone(cast).map((actor) => actor.stop(2_000)))
}

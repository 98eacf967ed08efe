import { type Cast, castFor, everyone, type Style } from './cast.js'
import type { Scene } from './evidence.js'
import type { Plan } from './plan.js'
import { type Servers, type Stage, setStage, strikeStage } from './stage.js'

/** How a run is called in the table. */
export const titles: Readonly<Record<Style, string>> = { usual: 'usual way', pigeonhole: 'Pigeonhole' }

/** A run of the plan. Its disposal kills its processes, and removes what it has left on servers that live on. */
export interface Run extends AsyncDisposable {
  readonly style: Style
  readonly stage: Stage
  readonly cast: Cast
  readonly scene: Scene
}

/** Sets the stage of a run. `demo` tells this demo from others on the same servers. */
export async function openRun(style: Style, plan: Plan, servers: Servers, demo: string): Promise<Run> {
  const stage = await setStage(servers, `${demo}.${style}.`)
  const cast = castFor(style, plan, stage)
  const { orders, billing, prefix } = stage
  return {
    style,
    stage,
    cast,
    scene: {
      title: titles[style],
      ordersUrl: orders.url,
      billingUrl: billing.url,
      brokers: servers.brokers,
      prefix,
    },
    async [Symbol.asyncDispose]() {
      await endProcesses(cast)
      await strikeStage(stage, servers)
    },
  }
}

/** SIGKILL to every process of a run. */
export async function endProcesses(cast: Cast): Promise<void> {
  await Promise.all(everyone(cast).map((actor) => actor.kill()))
}

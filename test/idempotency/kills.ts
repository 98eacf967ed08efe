import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AttackLab } from './attack-lab.js'
import type { OrderPoint, OrderProcessOptions } from './order-points.js'

/** A service whose process is killed. */
export interface Doomed {
  readonly name: string
  readonly options: Partial<OrderProcessOptions>
  /** Operations of other keys before the one that is cut short. */
  readonly before: number
  /** Where COMMIT is on its way, and PostgreSQL decides. */
  readonly committing: OrderPoint
  /** Where COMMIT is acknowledged. Anywhere else it has not been sent. */
  readonly committed: readonly OrderPoint[]
}

const plainService: Doomed = {
  name: 'a service',
  options: {},
  before: 0,
  committing: 'commit:sent',
  committed: ['commit:acknowledged'],
}

/** Its one connection has prepared every statement: BEGIN goes along with the first of them, COMMIT with the answer. */
export const preparedService: Doomed = {
  name: 'a service with prepared statements',
  options: { preparedStatements: true, connections: 1 },
  before: 1,
  committing: 'answer:sent',
  committed: ['answer:after', 'commit:acknowledged'],
}

/** Kills a process of the service at each point, while a caller waits for it. */
export function describeKills(
  opened: () => AttackLab,
  points: readonly OrderPoint[],
  { name, options, before, committing, committed }: Doomed = plainService,
): void {
  describe(`${name} that is killed`, () => {
    it.each(points)(
      'at %s has taken effect once when the caller has asked again, and tells of that',
      async (point) => {
        const lab = opened()
        const id = randomUUID()
        const doomed = await lab.start({ ...options, point, occurrence: before + 1 })
        for (let i = 0; i < before; i += 1) await doomed.askUntilKnown({ id: randomUUID() })
        await expect(doomed.ask({ id })).rejects.toThrow()
        expect(await doomed.exited).toBe('SIGKILL')
        const next = await lab.start(options)
        const told = await next.askUntilKnown({ id })
        if (point !== committing) expect(told.replayed).toBe(committed.includes(point))
        const { attempts, events } = await lab.effectsOf(id)
        expect(told.status).toBe(201)
        expect(attempts).toEqual([told.attempt])
        expect(events).toBe(1)
        await next.kill()
      },
    )
  })
}

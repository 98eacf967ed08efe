import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AttackLab } from './attack-lab.js'
import type { OrderPoint } from './order-points.js'

/** Kills a process of the service at each point, while a caller waits for it. */
export function describeKills(opened: () => AttackLab, points: readonly OrderPoint[]): void {
  describe('a service that is killed', () => {
    it.each(points)(
      'at %s has taken effect once when the caller has asked again, and tells of that',
      async (point) => {
        const lab = opened()
        const id = randomUUID()
        const doomed = await lab.start({ point })
        await expect(doomed.ask({ id })).rejects.toThrow()
        expect(await doomed.exited).toBe('SIGKILL')
        const next = await lab.start()
        const told = await next.askUntilKnown({ id })
        // Behind the acknowledgement it is done; before COMMIT it is not; between them PostgreSQL decides.
        if (point !== 'commit:sent') expect(told.replayed).toBe(point === 'commit:acknowledged')
        const { attempts, events } = await lab.effectsOf(id)
        expect(told.status).toBe(201)
        expect(attempts).toEqual([told.attempt])
        expect(events).toBe(1)
        await next.kill()
      },
    )
  })
}

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { startPostgresProxy } from '@pigeonhole/testing'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { programPath } from '../setup/program-path.js'
import { type LabClient, OperationLab, pgKind, placeOrder, prismaKind } from './operation-lab.js'
import { operationPoints } from './operation-points.js'

const program = programPath('idempotency/operation-process')

let lab: OperationLab<pg.ClientBase>
beforeAll(async () => {
  lab = await OperationLab.open(pgKind)
})
afterAll(() => lab[Symbol.asyncDispose]())

// PostgreSQL learns of a client's end when its connection ends: the lock may outlive that by a moment.
async function repeatUntilLetIn(key: string): Promise<unknown> {
  for (;;) {
    try {
      return await placeOrder(lab.client, key)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'KEY_RUNNING') throw error
    }
  }
}

describe('an operation whose process is killed', () => {
  it.each(operationPoints)('at %s takes effect once, by it or by the repeat', async (point) => {
    const key = randomUUID()
    const child = spawn(process.execPath, [program, lab.url, key, point], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const reached = once(child.stdout, 'data')
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    expect(String((await reached)[0])).toBe(point)
    const isDone = point === 'commit:after'
    expect(await lab.countsOf(key)).toEqual({ orders: Number(isDone), messages: Number(isDone) })
    const repeat = await repeatUntilLetIn(key)
    expect(repeat).toEqual({ replayed: isDone, result: 'placed' })
    expect(await lab.countsOf(key)).toEqual({ orders: 1, messages: 1 })
  })
})

describe.each([pgKind, prismaKind])('an operation through $name whose COMMIT is not answered', (kind) => {
  it.each([
    ['was lost on its way: the repeat does it', 'request', false],
    ['was done: the repeat gets its result', 'reply', true],
  ] as const)('%s', async (_, lost, replayed) => {
    const proxy = await startPostgresProxy({ target: new URL(lab.url).host })
    const url = new URL(lab.url)
    url.host = proxy.address
    const client = kind.open(url.href) as LabClient<unknown>
    try {
      const key = randomUUID()
      const struck = proxy.lose({ statement: /^commit/i, lost, connection: 'cut' })
      await expect(placeOrder(client, key)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retryable: true,
      })
      await struck
      expect(await repeatUntilLetIn(key)).toEqual({ replayed, result: 'placed' })
      expect(await lab.countsOf(key)).toEqual({ orders: 1, messages: 1 })
    } finally {
      await client.end()
      await proxy.stop()
    }
  })
})

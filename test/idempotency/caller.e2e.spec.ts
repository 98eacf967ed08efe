import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type ServerType, serve } from '@hono/node-server'
import type { Idempotency } from '@pigeonhole/core'
import { idempotentHandler } from '@pigeonhole/http'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { programPath } from '../setup/program-path.js'
import { OperationLab, pgKind } from './operation-lab.js'
import { placed } from './placed.js'

const program = programPath('idempotency/caller-process')

let lab: OperationLab<pg.ClientBase>
let idempotency: Idempotency<pg.ClientBase>
let folder: string
let server: ServerType
let url: string
/** The keys that came with each order, in turn. */
const keys = new Map<string, (string | null)[]>()
/** What happens before an order's transaction ends. */
const whilePlaced = new Map<string, () => Promise<void>>()

beforeAll(async () => {
  lab = await OperationLab.open(pgKind)
  folder = await mkdtemp(path.join(tmpdir(), 'pigeonhole-caller-'))
  idempotency = lab.idempotency()
  const handle = idempotentHandler<pg.ClientBase>(
    { idempotency, operation: 'POST /orders' },
    async (request, { tx, publish }) => {
      const id = await request.text()
      await tx.query('INSERT INTO orders (id, name) VALUES ($1, $1)', [id])
      await publish(placed, { id })
      await whilePlaced.get(id)?.()
      return new Response(id, { status: 201 })
    },
  )
  const fetch = async (request: Request): Promise<Response> => {
    const id = await request.clone().text()
    keys.set(id, [...(keys.get(id) ?? []), request.headers.get('idempotency-key')])
    return handle(request)
  }
  server = serve({ fetch, port: 0, hostname: '127.0.0.1' })
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await lab[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

type Caller = ChildProcessByStdio<null, Readable, null>

/** A caller that wants an order, and keeps the key in a file of that order. */
function startCaller(order: string, point = 'none'): Caller {
  return spawn(process.execPath, [program, url, path.join(folder, order), order, point], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function answerTo(caller: Caller): Promise<unknown> {
  return JSON.parse(await text(caller.stdout))
}

/** An order of which there is one, though it was asked for several times, under one key. */
async function expectOneOrder(order: string): Promise<void> {
  expect(await lab.countsOf(order)).toEqual({ orders: 1, messages: 1 })
  expect(new Set(keys.get(order)).size).toBe(1)
}

describe('a caller that is killed, and keeps its keys', () => {
  it('before it has sent anything begins with the key that it had made', async () => {
    const order = randomUUID()
    expect(await once(startCaller(order, 'key kept'), 'exit')).toEqual([null, 'SIGKILL'])
    expect(keys.get(order)).toBeUndefined()
    expect(await answerTo(startCaller(order))).toEqual({ status: 201, replayed: false, body: order })
    await expectOneOrder(order)
    expect(keys.get(order)).toHaveLength(1)
  })

  it('behind its answer gets that answer again', async () => {
    const order = randomUUID()
    expect(await once(startCaller(order, 'answered'), 'exit')).toEqual([null, 'SIGKILL'])
    expect(await answerTo(startCaller(order))).toEqual({ status: 201, replayed: true, body: order })
    await expectOneOrder(order)
    expect(keys.get(order)).toHaveLength(2)
  })

  it('while its order is placed waits for that order, and gets the answer of the first request', async () => {
    const order = randomUUID()
    const refused = new Promise<void>((resolve) => idempotency.on('key:rejected', () => resolve()))
    const caller = startCaller(order)
    const killed = new Promise<void>((resolve) => {
      whilePlaced.set(order, async () => {
        caller.kill('SIGKILL')
        await once(caller, 'exit')
        resolve()
        await refused
      })
    })
    await killed
    expect(await answerTo(startCaller(order))).toEqual({ status: 201, replayed: true, body: order })
    await expectOneOrder(order)
    expect(keys.get(order)?.length).toBeGreaterThan(2)
  })
})

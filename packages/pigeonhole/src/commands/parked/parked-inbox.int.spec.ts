import { createInbox, type Delivery, type Inbox, on, park, topic } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../../command-process.harness.js'
import { WorkerLab } from '../../worker-lab.harness.js'

const orders = topic<string>('orders')
const key = Buffer.of(0x6b, 0xff)

describe('pigeonhole parked --inbox', () => {
  let lab: WorkerLab
  let inbox: Inbox<pg.ClientBase>
  beforeEach(async () => {
    lab = await WorkerLab.open()
    inbox = createInbox({ store: postgresStore(lab.pool), name: 'billing' })
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const parked = (command: string, ...args: readonly string[]) =>
    runCommand(['parked', command, '--inbox', 'billing', ...args], { DATABASE_URL: lab.database.url })
  const listed = async () => JSON.parse((await parked('list', '--messages', '--json')).stdout)

  function delivery(offset: number): Delivery {
    const headers = [
      ['message-id', Buffer.from(`id-${offset}`)],
      ['secret', Buffer.from('hidden')],
    ] as const
    const value = Buffer.from(JSON.stringify(`value ${offset}`))
    return { topic: 'orders', partition: 0, offset: BigInt(offset), key, value, headers }
  }

  /** A message that its handler parks, and one behind it. */
  async function parkTwo(): Promise<void> {
    const refusing = on<pg.ClientBase, string>(orders, () => {
      throw park('no such customer')
    })
    for (const offset of [1, 2])
      expect(await inbox.handle(delivery(offset), refusing)).toMatchObject({ status: 'parked' })
  }

  /** All that is due, as `runInbox` handles it. */
  async function handleDue(): Promise<string[]> {
    const values: string[] = []
    const noting = on<pg.ClientBase, string>(orders, ({ message }) => void values.push(message.value))
    while (await inbox.retryParked([noting]));
    return values
  }

  it('says that nothing is parked', async () => {
    expect(await parked('list')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing is parked'),
    })
  })

  it('says that nothing matches, and asks nobody', async () => {
    await parkTwo()
    expect(await parked('discard', '--topic', 'others')).toEqual({
      code: 0,
      stdout: 'Nothing is parked that matches: nothing was discarded.\n',
      stderr: '',
    })
    const asJson = await parked('discard', '--topic', 'others', '--json')
    expect({ ...asJson, stdout: JSON.parse(asJson.stdout) }).toEqual({
      code: 0,
      stdout: { messages: 0, unblocked: 0, busy: 0, waiting: 0, behind: [] },
      stderr: '',
    })
    expect((await parked('list', '--topic', 'others')).stdout).toBe('Nothing is parked that matches.\n')
    expect(await listed()).toHaveLength(2)
  })

  it('lists and shows what is parked, and payload and headers only when told', async () => {
    await parkTwo()
    expect((await parked('list')).stdout).toMatch(
      /^key +orders +hex:6bff +\d+ +2 +\d+ .*when told +PARK_REQUESTED$/m,
    )
    const [first, second] = await listed()
    expect(first).toMatchObject({ messageId: 'id-1', offset: '1', errorCode: 'PARK_REQUESTED' })
    expect(second).toMatchObject({ messageId: 'id-2', offset: '2', errorCode: null })
    const shown = await parked('show', '--id', first.id)
    expect(shown.stdout).toMatch(/^error +The handler parks its message: no such customer$/m)
    const asJson = await parked('show', '--id', first.id, '--json')
    expect(JSON.parse(asJson.stdout)).toMatchObject({ headers: ['message-id', 'secret'], payloadBytes: 9 })
    for (const { stdout } of [shown, asJson]) expect(stdout).not.toMatch(/value 1|hidden|InZhbHVl/)
    expect((await parked('show', '--id', first.id, '--payload')).stdout).toBe('"value 1"')
    const all = JSON.parse((await parked('show', '--id', first.id, '--payload', '--json')).stdout)
    expect(Buffer.from(all.payload.base64, 'base64').toString()).toBe('"value 1"')
    expect(all.headers).toContainEqual(['secret', 'hidden'])
  })

  it('is another side than the outbox, and than other inboxes', async () => {
    await parkTwo()
    const [{ id }] = await listed()
    for (const side of [[], ['--inbox', 'audit']]) {
      const run = (...args: readonly string[]) =>
        runCommand(['parked', ...args, ...side], { DATABASE_URL: lab.database.url })
      expect((await run('list')).stdout).toContain('Nothing is parked')
      expect(await run('show', '--id', id)).toMatchObject({ code: 2 })
      expect((await run('discard', '--all', '--yes')).stdout).toBe(
        'Nothing is parked that matches: nothing was discarded.\n',
      )
      expect((await run('retry', '--all')).stdout).toContain('that matches: nothing is ')
    }
    expect(await listed()).toHaveLength(2)
  })

  it('has messages handled again, in their order', async () => {
    await parkTwo()
    expect(await handleDue()).toEqual([])
    expect(await parked('retry', '--key-hex', '6bff')).toMatchObject({
      code: 0,
      stdout: 'Handled again: 1 key, 0 messages without a key. A consumer of billing does it next.\n',
    })
    expect(await handleDue()).toEqual(['value 1', 'value 2'])
    expect(await listed()).toEqual([])
  })

  it('discards when that is confirmed, and has the rest handled, as it says', async () => {
    await parkTwo()
    const [{ id }] = await listed()
    const asked = await parked('discard', '--id', id)
    expect(asked).toMatchObject({ code: 3, stdout: '' })
    expect(asked.stderr).toContain('id-1')
    const retry = 'parked retry --inbox billing --topic orders --key-hex 6bff'
    expect(await parked('discard', '--id', id, '--yes')).toMatchObject({
      code: 0,
      stdout: `Discarded 1 message, unblocked 0 keys.\nBehind it, 1 message waits: pigeonhole ${retry}\n`,
    })
    expect(await handleDue()).toEqual([])
    await runCommand(retry.split(' '), { DATABASE_URL: lab.database.url })
    expect(await handleDue()).toEqual(['value 2'])
    const again = on<pg.ClientBase, string>(orders, () => Promise.reject(new Error('handled again')))
    // Its id is known, as that of a message that was handled.
    expect(await inbox.handle({ ...delivery(1), offset: 3n }, again)).toEqual({
      status: 'duplicate',
      by: 'id',
    })
  })

  it('tells a program what waits behind what it discards, or is handled by itself, and when', async () => {
    await parkTwo()
    await parked('retry', '--all')
    const [{ id, ...first }, second] = await listed()
    const asJson = await parked('discard', '--id', id, '--yes', '--json')
    const retryAt = expect.stringMatching(/^\d{4}-.*Z$/)
    expect(JSON.parse(asJson.stdout)).toEqual({
      ...{ messages: 1, unblocked: 0, busy: 0, waiting: 1 },
      behind: [{ topic: 'orders', key: first.key, messages: 1, retryAt }],
    })
    const rest = await parked('discard', '--id', second.id, '--yes')
    expect(rest.stdout).toBe('Discarded 1 message, unblocked 1 key.\n')
  })

  it('discards no more than its key where that is empty', async () => {
    await parkTwo()
    const refused = await parked('discard', '--topic', 'orders', '--key', '', '--yes')
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^OPTION_INVALID: --key is empty/),
    })
    const none = await parked('discard', '--topic', 'orders', '--key-hex', '', '--yes')
    expect(none).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was discarded') })
    expect(await listed()).toHaveLength(2)
  })

  it('refuses an inbox without a name', async () => {
    const { code, stderr } = await runCommand(['parked', 'list', '--inbox', ''], {
      DATABASE_URL: lab.database.url,
    })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^OPTION_INVALID: --inbox is empty/)
  })
})

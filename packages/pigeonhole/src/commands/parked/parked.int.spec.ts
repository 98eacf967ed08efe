import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CommandProcess, runCommand } from '../../command-process.harness.js'
import { WorkerLab } from '../../worker-lab.harness.js'

describe('pigeonhole parked', () => {
  let lab: WorkerLab
  beforeEach(async () => {
    lab = await WorkerLab.open()
    await lab.createTopic()
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const parked = (...args: readonly string[]) =>
    runCommand(['parked', ...args], { DATABASE_URL: lab.database.url })

  /** A message whose partition does not exist is refused, and parked with one that follows on its key. */
  async function parkTwo(): Promise<void> {
    await lab.pool.query(
      `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, key, partition, headers, payload)
       SELECT 0, gen_random_uuid(), $1, 'k\\xff', partition, '[]', payload::bytea
       FROM (VALUES (1, 99, '"first"'), (2, NULL, '"second"')) AS message (place, partition, payload)
       ORDER BY place`.replace("'k\\xff'", "'\\x6bff'::bytea"),
      [lab.topic],
    )
    const worker = lab.startWorker()
    const rows = async () => (await lab.pool.query('SELECT FROM pigeonhole.parked_message')).rows
    await expect.poll(rows).toHaveLength(2)
    worker.kill('SIGTERM')
    await worker.exit
  }

  it('says that nothing is parked', async () => {
    expect(await parked('list')).toEqual({
      code: 0,
      stdout: 'Nothing is parked, and no topic is paused.\n',
      stderr: '',
    })
  })

  it('says that nothing matches, and asks nobody', async () => {
    expect(await parked('discard', '--all')).toEqual({
      code: 0,
      stdout: 'Nothing is parked that matches: nothing was discarded.\n',
      stderr: '',
    })
    expect(await parked('retry', '--topic', lab.topic)).toEqual({
      code: 0,
      stdout: 'Nothing is parked that matches: nothing is sent again.\n',
      stderr: '',
    })
    const asJson = await parked('discard', '--topic', lab.topic, '--json')
    expect({ ...asJson, stdout: JSON.parse(asJson.stdout) }).toEqual({
      code: 0,
      stdout: { messages: 0, unblocked: 0, inFlight: 0, waiting: 0, behind: [] },
      stderr: '',
    })
  })

  it('lists and shows what is parked, and its payload only when told', async () => {
    await parkTwo()
    const groups = await parked('list')
    expect(groups.stdout).toMatch(/^key +\S+ +hex:6bff +\d+ +2 +1 .*when told +RECORD_REFUSED$/m)
    const listed = await parked('list', '--key-hex', '6bff')
    expect(listed.stdout).not.toContain('first')
    const [first] = JSON.parse((await parked('list', '--messages', '--json')).stdout)
    const shown = await parked('show', '--id', first.id)
    expect(shown.stdout).toMatch(/^key +hex:6bff$/m)
    expect(shown.stdout).toContain('7 bytes, shown by --payload')
    expect((await parked('show', '--id', first.id, '--payload')).stdout).toBe('"first"')
  })

  it('prints a payload that is no text byte for byte', async () => {
    await parkTwo()
    await lab.pool.query("UPDATE pigeonhole.parked_message SET payload = '\\x0aff00fe'")
    const [first] = JSON.parse((await parked('list', '--messages', '--json')).stdout)
    const args = ['parked', 'show', '--id', first.id, '--payload']
    const shown = new CommandProcess(args, { DATABASE_URL: lab.database.url })
    expect(await shown.exit).toMatchObject({ code: 0 })
    expect(shown.stdoutBytes).toEqual(Buffer.from('0aff00fe', 'hex'))
  })

  it('discards when that is confirmed, and has the rest sent again, as it says', async () => {
    await parkTwo()
    const [first] = JSON.parse((await parked('list', '--messages', '--json')).stdout)
    expect(await parked('discard', '--id', first.id)).toMatchObject({ code: 3, stdout: '' })
    const discarded = await parked('discard', '--id', first.id, '--yes')
    const retry = `parked retry --topic ${lab.topic} --key-hex 6bff`
    expect(discarded).toMatchObject({
      code: 0,
      stdout: `Discarded 1 message, unblocked 0 keys.\nBehind it, 1 message waits: pigeonhole ${retry}\n`,
    })
    const retried = await runCommand(retry.split(' '), { DATABASE_URL: lab.database.url })
    expect(retried).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Sent again: 1 key, 0 messages without a key, 0 topics. '),
    })
    const worker = lab.startWorker()
    await expect.poll(() => lab.readLog(), { timeout: 30_000 }).toEqual(['second'])
    await expect
      .poll(async () => (await parked('list')).stdout, { interval: 500 })
      .toContain('Nothing is parked')
    worker.kill('SIGTERM')
    await worker.exit
  })

  it('tells a program what waits behind what it discards, and nobody of what does not', async () => {
    await parkTwo()
    const [first] = JSON.parse((await parked('list', '--messages', '--json')).stdout)
    const discarded = await parked('discard', '--id', first.id, '--yes', '--json')
    expect(JSON.parse(discarded.stdout)).toEqual({
      ...{ messages: 1, unblocked: 0, inFlight: 0, waiting: 1 },
      behind: [{ topic: lab.topic, key: { base64: 'a/8=' }, messages: 1, retryAt: null }],
    })
    const rest = await parked('discard', '--all', '--yes')
    expect(rest).toMatchObject({ code: 0, stdout: 'Discarded 1 message, unblocked 1 key.\n' })
  })

  it.each([
    [['retry'], /^OPTION_INVALID: Say which: --id, --topic, --key, or --all/],
    [['discard', '--all', '--topic', 't'], /^OPTION_INVALID: --all is given beside others/],
    [['show'], /^OPTION_INVALID: Say which: --id/],
    [['show', '--id', '12345'], /^OPTION_INVALID: Message 12345 is not parked/],
    [['list', '--id', 'x'], /^OPTION_INVALID: --id is "x"/],
    [['discard', '--topic', 't', '--key', '', '--yes'], /^OPTION_INVALID: --key is empty/],
    [['list', '--key-hex', 'abc'], /^OPTION_INVALID: --key-hex is "abc"/],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await parked(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})

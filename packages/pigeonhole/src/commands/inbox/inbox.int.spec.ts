import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { runCommand } from '../../command-process.harness.js'
import { WorkerLab } from '../../worker-lab.harness.js'

describe('pigeonhole inbox', () => {
  let lab: WorkerLab
  beforeEach(async () => {
    lab = await WorkerLab.open()
    await lab.createTopic()
    await lab.pool.query(
      `INSERT INTO pigeonhole.inbox_position (inbox, topic, partition, next_offset)
       VALUES ('billing', $1, 1, 9007199254740993), ('audit', $1, 0, 5)`,
      [lab.topic],
    )
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const run = (...args: readonly string[]) =>
    runCommand(['inbox', ...args], {
      DATABASE_URL: lab.database.url,
      KAFKA_BROKERS: inject('kafkaBrokers').join(','),
    })
  const rewind = (...args: readonly string[]) =>
    run('rewind', '--inbox', 'audit', '--group', lab.name, '--topic', lab.topic, ...args)
  const nextOffsets = async () =>
    JSON.parse((await run('positions', '--json')).stdout).map((one: { nextOffset: string }) => one.nextOffset)

  it('lists positions, exactly', async () => {
    const { code, stdout } = await run('positions')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      new RegExp(`^audit +${lab.topic} +0 +5\\nbilling +${lab.topic} +1 +9007199254740993\\n$`, 'm'),
    )
    expect(JSON.parse((await run('positions', '--inbox', 'billing', '--json')).stdout)).toEqual([
      { inbox: 'billing', topic: lab.topic, partition: 1, nextOffset: '9007199254740993' },
    ])
  })

  it('says that an inbox of that name has no positions', async () => {
    expect(await run('positions', '--inbox', 'biling')).toMatchObject({
      code: 0,
      stdout: 'No inbox that is called "biling" has handled anything yet, or it keeps no positions.\n',
    })
  })

  it('takes an empty name for none', async () => {
    const { code, stdout, stderr } = await run('positions', '--inbox', '')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^OPTION_INVALID: --inbox is empty: it takes a value, --inbox <name>/)
  })

  it('rewinds once that is confirmed', async () => {
    const asked = await rewind('--to-offset', '2', '--keep-ids')
    expect(asked).toMatchObject({ code: 3, stdout: '' })
    expect(asked.stderr).toMatch(/^0 +5 +2 +3$/m)
    expect(await nextOffsets()).toEqual(['5', '9007199254740993'])
    const done = await rewind('--to-offset', '2', '--keep-ids', '--yes', '--json')
    expect(done.code).toBe(0)
    expect(JSON.parse(done.stdout)).toEqual([{ partition: 0, from: '5', to: '2', forgotten: 0 }])
    expect(await nextOffsets()).toEqual(['2', '9007199254740993'])
  })

  it.each([
    [['--keep-ids'], /^OPTION_INVALID: Say whereto/],
    [['--to-offset', '1', '--to-earliest', '--keep-ids'], /^OPTION_INVALID: Say whereto/],
    [['--to-offset', '-1', '--keep-ids'], /--to-offset is "-1": it takes a whole number/],
    [['--to-time', 'noon', '--keep-ids'], /--to-time is "noon": it takes a time/],
    [['--to-earliest'], /^OPTION_INVALID: Say what becomes of messages/],
    [['--to-earliest', '--keep-ids', '--partition', 'x'], /--partition is "x"/],
    [
      ['--to-earliest', '--keep-ids', '--topic', 'misspelt'],
      /^OPTION_INVALID: Inbox audit has no position in topic missp/,
    ],
    [
      ['--to-earliest', '--keep-ids', '--inbox', ''],
      /^OPTION_INVALID: --inbox is empty: it takes a value, --inbox <name>/,
    ],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await rewind(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})

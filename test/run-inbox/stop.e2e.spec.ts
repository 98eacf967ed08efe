import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually, nextEvent } from './events.js'
import { Gate, untilAborted } from './gate.js'
import { InboxLab, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('stopping runInbox', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('finishes the message in flight, commits its offset, begins no other one and leaves the group', async () => {
    const orders = await lab.createTopic()
    const started = new Gate()
    const finish = new Gate()
    // Without positions, only the committed offset keeps the message from being handled again.
    const inbox = lab.inbox({ dedupe: 'none' })
    const run = await lab.run({
      topics: [orders],
      inbox,
      handler: async (context) => {
        started.open()
        await finish.passed
        await writeEffect(context)
      },
    })
    const lost = collectEvents(run, 'partition:lost')
    await lab.send(orders, ['a', 'b'])
    await started.passed
    const stops = [run.stop(), run.stop()]
    let stopped = false
    void run.stopped.then(() => {
      stopped = true
    })
    await lab.send(orders, ['c'])
    expect(stopped).toBe(false)
    finish.open()
    await Promise.all(stops)
    await run.stopped
    expect(await lab.effects()).toEqual(['a'])
    expect(await lab.groupOffset(orders)).toBe('1')
    const { groups } = await lab.admin((admin) => admin.describeGroups([lab.name]))
    expect(groups[0]?.members).toEqual([])
    expect(lost).toEqual([])

    await lab.run({ topics: [orders], inbox })
    await eventually(() => lab.effects()).toEqual(['a', 'b', 'c'])
  })

  it('aborts the message in flight when told to stop at once, which is handled after the next start', async () => {
    const orders = await lab.createTopic()
    const started = new Gate()
    const run = await lab.run({
      topics: [orders],
      handler: async (context) => {
        await writeEffect(context)
        started.open()
        await untilAborted(context.signal)
      },
    })
    const inboxFailures: unknown[] = []
    await lab.send(orders, ['a'])
    await started.passed
    run.on('partition:held', ({ error }) => inboxFailures.push(error))
    const hurry = new AbortController()
    const stop = run.stop({ signal: hurry.signal })
    hurry.abort()
    await stop
    await run.stopped
    await eventually(() => lab.sessionsInTransaction()).toBe(0)
    expect(await lab.effects()).toEqual([])
    expect(inboxFailures).toEqual([])
    await lab.run({ topics: [orders] })
    await eventually(() => lab.effects()).toEqual(['a'])
  })

  it('does not wait for a handler that does not heed its signal when told to stop at once', async () => {
    const orders = await lab.createTopic()
    const started = new Gate()
    const finish = new Gate()
    const reasons: unknown[] = []
    const run = await lab.run({
      topics: [orders],
      handler: async ({ signal }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason))
        started.open()
        await finish.passed
      },
    })
    await lab.send(orders, ['a'])
    await started.passed
    await run.stop({ signal: AbortSignal.abort() })
    expect(reasons).toMatchObject([{ code: 'DEADLINE_EXCEEDED' }])
    finish.open()
  })

  it('is done by await using', async () => {
    const orders = await lab.createTopic()
    {
      await using run = await lab.run({ topics: [orders] })
      await nextEvent(run, 'partition:claimed')
    }
    const { groups } = await lab.admin((admin) => admin.describeGroups([lab.name]))
    expect(groups[0]?.members).toEqual([])
  })
})

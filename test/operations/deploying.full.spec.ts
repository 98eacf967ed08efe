import { requiredSchemaVersion } from '@pigeonhole/postgres'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RelayProcess } from '../relay/relay-process-handle.js'
import { earlierBuilds } from '../rolling/earlier-build.js'
import { RunbookLab } from './runbook-lab.js'
import { soon } from './watched-service.js'

const patienceMs = 30_000

describe('deploying', { timeout: 120_000 }, () => {
  it('a worker that comes before the tables waits for them, and goes on by itself', async () => {
    await using lab = await RunbookLab.open({ schemaVersion: requiredSchemaVersion - 1 })
    const worker = lab.startWorker()
    await worker.line({ level: 'warn', code: 'SCHEMA_OUTDATED' })
    await lab.publish({ key: 'order-1', value: 'meanwhile' })
    const walk = lab.shell.section('Deploying a new version, more processes, or fewer')
    await walk.step('pigeonhole migrate')
    await walk.step('pigeonhole check')
    await soon(() => lab.values(), patienceMs).toEqual(['meanwhile'])
    await walk.step('pigeonhole status')
    walk.end()
  })

  it('an earlier release goes on with the tables of this one', async () => {
    const build = (await earlierBuilds()).at(-1)
    if (!build) throw new Error('there is no earlier build')
    await using lab = await RunbookLab.open()
    const worker = lab.startWorker()
    await lab.publish({ key: 'order-1', value: 'by this one' })
    await soon(() => lab.values(), patienceMs).toEqual(['by this one'])
    const earlier = new RelayProcess(
      {
        name: lab.name,
        databaseUrl: lab.database.url,
        brokers: lab.brokers,
        leaseMs: 10_000,
        renewMs: 2_000,
        batchRows: 100,
      },
      build.relay,
    )
    onTestFinished(async () => {
      earlier.signal('SIGKILL')
      await earlier.exited
    })
    await earlier.event('shard:changed', { state: 'standby' })
    await worker.stop()
    await lab.publish({ key: 'order-1', value: 'by the earlier one' })
    const walk = lab.shell.section('Going back to an earlier version')
    await walk.rest()
    walk.end()
    expect(await lab.values()).toEqual(['by this one', 'by the earlier one'])
  })

  it('an index that is built beforehand is passed over by the migration that needs it', async () => {
    // Before the migration to ids by age.
    await using lab = await RunbookLab.open({ schemaVersion: 5 })
    await lab.pool.query(
      `INSERT INTO pigeonhole.inbox_message (inbox, scope, message_id) SELECT 'billing', '', n::text FROM generate_series(1, 1000) n`,
    )
    const walk = lab.shell.section('The migration to ids by age')
    await walk.rest()
    walk.end()
    const built = () =>
      lab.pool.query(
        `SELECT indexrelid FROM pg_index WHERE indexrelid = 'pigeonhole.inbox_message_inbox_received_at_idx'::regclass AND indisvalid`,
      )
    const { rows } = await built()
    expect(rows).toHaveLength(1)
    const deploy = lab.shell.section('Deploying a new version, more processes, or fewer')
    await deploy.rest()
    expect((await built()).rows).toEqual(rows)
  })
})

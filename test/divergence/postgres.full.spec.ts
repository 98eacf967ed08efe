import {
  type CommittedMessage,
  createTopics,
  DebianPostgres,
  type DebianServer,
  type PgBouncer,
  startPgBouncer,
} from '@pigeonhole/testing'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { RelayProcess } from '../relay/relay-process-handle.js'
import type { RelayProcessMessage } from '../relay/relay-process-protocol.js'
import { countOf, DivergenceLab, expectHalt, haltOf } from './divergence-lab.js'
import { SwitchedAddress } from './switched-address.js'

describe('a database that is restored, copied, moved or promoted', { timeout: 240_000 }, () => {
  let family: DebianPostgres
  let original: DebianServer
  let address: SwitchedAddress
  let lab: DivergenceLab
  let serverUrl: string

  beforeEach(async () => {
    family = await DebianPostgres.open()
    original = await family.initialise('original')
    await original.start()
    address = await SwitchedAddress.open(original.port)
    serverUrl = `postgres://postgres@127.0.0.1:${address.port}/postgres`
    lab = await DivergenceLab.open({ serverUrl, brokers: inject('kafkaBrokers') })
    await lab.createTopics()
  }, 120_000)
  afterEach(async () => {
    await lab?.[Symbol.asyncDispose]()
    await address?.[Symbol.asyncDispose]()
    await family?.[Symbol.asyncDispose]()
  })

  it('base backup restored: messages that were sent since are not sent again, and those of the backup are all there', async () => {
    await lab.write()
    await lab.send()
    // Committed and not sent when the backup is made; sent before it is restored.
    await lab.write()
    const backup = await family.copy(original, 'backup')
    await lab.send()
    await lab.write()
    await lab.send()
    const before = await lab.committed()
    await original.kill()
    await backup.start()
    address.switchTo(backup.port)
    await lab.write()
    expectHalt(await lab.halt(), 'RELAY_DATABASE_WENT_BACK')
    expect(countOf('are in the log', await lab.follow('A backup was restored'))).toBeGreaterThan(20)
    await lab.write()
    await lab.send()
    expect(await lab.verdict(before)).toMatchObject({ passed: true, faults: 0 })
  })

  it.each(['recovery_target_name', 'recovery_target_time'] as const)(
    'restored to a point in time by %s: what was sent since is not sent again',
    async (target) => {
      await original.stop()
      const archive = await family.folder('archive')
      await original.start({ archive_mode: 'on', archive_command: `cp %p ${archive}/%f` })
      await lab.write()
      const backup = await family.copy(original, 'backup')
      await lab.send()
      // Committed before the point in time, and sent after it.
      await lab.write()
      const kept = await lab.committed()
      const point = await pointInTime(target)
      await lab.send()
      await lab.write()
      await lab.send()
      const before = await lab.committed()
      await archived()
      await original.kill()
      await family.restore(backup, archive, { [target]: point })
      address.switchTo(backup.port)
      expect(await lab.committed()).toHaveLength(kept.length)
      await lab.write()
      expectHalt(await lab.halt(), 'RELAY_DATABASE_WENT_BACK')
      const { report } = await lab.adopt()
      expect(report.shards[0]?.outbox?.logged).toBeGreaterThan(20)
      await lab.write()
      await lab.send()
      expect(await lab.verdict(before)).toMatchObject({ passed: true, faults: 0 })
    },
  )

  it('a clone beside the original: it halts, the original goes on, and the clone may take over after it', async () => {
    await lab.write()
    await lab.send()
    await lab.write()
    const clone = await family.copy(original, 'clone')
    await clone.start()
    const relay = lab.startRelay()
    await relay.event('shard:changed', { state: 'publishing' })
    await expect.poll(leftInOutbox, { timeout: 60_000 }).toBe(0)
    // The clone's relay, with the same name and cluster, fences the original's once, which opens again.
    lab.places.serverUrl = clone.url
    expectHalt(await lab.halt(), 'RELAY_DATABASE_WENT_BACK')
    lab.places.serverUrl = serverUrl
    await lab.write()
    await expect.poll(leftInOutbox, { timeout: 60_000 }).toBe(0)
    await relay.stop()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
    const before = await lab.committed()
    await original.kill()
    address.switchTo(clone.port)
    expectHalt(await lab.halt(), 'RELAY_DATABASE_WENT_BACK')
    await lab.adopt()
    await lab.write()
    await lab.send()
    expect(await lab.verdict(before)).toMatchObject({ passed: true, faults: 0 })
  })

  it('a database copied before its first opening: of two relays at once one goes on, the other halts, and nothing is sent twice', async () => {
    await lab.write()
    const clone = await family.copy(original, 'clone')
    await clone.start()
    const own = lab.startRelay()
    lab.places.serverUrl = clone.url
    const others = lab.startRelay()
    const halted = (relay: RelayProcess) => relay.event('shard:changed', { state: 'halted' })
    const isOwn = await Promise.race([halted(own).then(() => false), halted(others).then(() => true)])
    const [survivor, stopped] = isOwn ? [own, others] : [others, own]
    expectHalt(await haltOf(stopped), 'RELAY_DATABASE_WENT_BACK')
    lab.places.serverUrl = isOwn ? serverUrl : clone.url
    await lab.write()
    await survivor.drain()
    await Promise.all([own.stop(), others.stop()])
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('a database copied before its first opening, and divided otherwise: no shard of the copy begins, and nothing is sent twice', async () => {
    await lab.write()
    const clone = await family.copy(original, 'clone')
    await clone.start()
    // Made beforehand, with room for the shards of either.
    const topic = `pigeonhole.relay.${lab.name}`
    const configEntries = [{ name: 'cleanup.policy', value: 'compact' }]
    await createTopics(inject('kafkaBrokers'), [{ topic, numPartitions: 3, configEntries }])
    const relay = lab.startRelay({ shards: 1 })
    await relay.event('shard:opened')
    lab.places.serverUrl = clone.url
    const copy = lab.startRelay({ shards: 3 })
    await Promise.all(
      [1, 2].map((shard) =>
        Promise.race([copy.told(waitsForFirst(shard)), copy.event('batch:published', { shard })]),
      ),
    )
    expectHalt(await haltOf(copy), 'RELAY_DATABASE_WENT_BACK')
    expect(copy.history()).toContain('FIRST_SHARD_UNOPENED')
    await copy.stop()
    lab.places.serverUrl = serverUrl
    await lab.write()
    await relay.drain()
    await relay.stop()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('a clone that was adopted while the original still runs: the original halts, and nothing is sent twice', async () => {
    await lab.write()
    const clone = await family.copy(original, 'clone')
    await clone.start()
    await lab.send()
    address.switchTo(clone.port)
    expectHalt(await lab.halt(), 'RELAY_DATABASE_WENT_BACK')
    await lab.adopt()
    address.switchTo(original.port)
    expectHalt(await lab.halt(), 'RELAY_DATABASE_WENT_BACK')
    await lab.adopt()
    await lab.write()
    await lab.send()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('pg_dump into a new server, whose transaction ids have not come so far', async () => {
    await useUpTransactionIds(5_000)
    await lab.retain(true)
    await lab.write()
    await lab.send()
    const walk = (await lab.openShell()).section('Blue/green, or another server')
    await walk.step('pigeonhole drain')
    // Somebody has gone on publishing.
    await lab.write()
    const successor = await family.initialise('successor')
    await successor.start()
    await family.dump(lab.database, original, successor)
    await original.stop()
    address.switchTo(successor.port)
    await lab.write()
    await lab.retain(false)
    expectHalt(await lab.halt(), 'RELAY_IDENTITY_CHANGED')
    await walk.rest()
    await lab.write()
    await lab.send()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('the outbox copied into a server of the same identity: its transaction ids give it away', async () => {
    await useUpTransactionIds(5_000)
    await lab.write()
    await lab.send()
    await lab.write()
    const successor = await family.initialise('successor')
    await successor.start()
    await family.dump(lab.database, original, successor)
    await original.stop()
    address.switchTo(successor.port)
    const { rows } = await lab.query('SELECT system_identifier FROM pg_control_system()')
    await lab.query(
      `UPDATE pigeonhole.relay_identity SET system_identifier = '${rows[0]?.system_identifier}'`,
    )
    expectHalt(await lab.halt(), 'RELAY_XID_AHEAD')
    await lab.adopt()
    await lab.write()
    await lab.send()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('pg_upgrade: the identity changes, and the cursor is kept', async () => {
    await lab.retain(true)
    await lab.write()
    await lab.send()
    await lab.write()
    await original.stop()
    const upgraded = await family.upgrade(original, 'upgraded')
    await upgraded.start()
    address.switchTo(upgraded.port)
    await lab.write()
    expectHalt(await lab.halt(), 'RELAY_IDENTITY_CHANGED')
    await lab.follow('An upgrade in place')
    await lab.write()
    await lab.send()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('a standby that is promoted without the last transactions, while the relay runs', async () => {
    const standby = await follow()
    const relay = lab.startRelay()
    const before = await loseTheLast(relay)
    await original.kill()
    address.switchTo(standby.port)
    await promote(standby)
    await lab.write()
    await goOnWithout(before, relay)
  })

  it('a standby that a pooler exchanges, so that the relay sees no error: with nothing to send, it looks', async () => {
    const settings = { auth_type: 'trust', admin_users: 'postgres' }
    await using pooler = await startPgBouncer({ url: serverUrl, settings })
    const standby = await follow()
    const url = new URL(pooler.url)
    url.pathname = `/${lab.database}`
    // The lease outlasts the exchange.
    const relay = lab.startRelay({ databaseUrl: url.href, leaseMs: 20_000 })
    const before = await loseTheLast(relay)
    await told(pooler, 'PAUSE')
    await original.kill()
    address.switchTo(standby.port)
    await promote(standby)
    await told(pooler, 'RESUME')
    await goOnWithout(before, relay)
  })

  /** Of a shard that does not begin before the first one. */
  function waitsForFirst(shard: number): (message: RelayProcessMessage) => boolean {
    return (message) =>
      message.type === 'event' &&
      message.name === 'shard:reopening' &&
      (message.data as { readonly shard?: number }).shard === shard &&
      !!message.data.error?.startsWith('FIRST_SHARD_UNOPENED')
  }

  async function follow(): Promise<DebianServer> {
    const standby = await family.copy(original, 'standby', { standby: true })
    await standby.start()
    await lab.write()
    return standby
  }

  /** Has the relay send what the standby will not know. Resolves to all that was committed. */
  async function loseTheLast(relay: RelayProcess): Promise<CommittedMessage[]> {
    await relay.event('shard:changed', { state: 'publishing' })
    await relay.drain()
    await caughtUp()
    await stopReplication()
    await lab.write()
    await expect.poll(leftInOutbox, { timeout: 60_000 }).toBe(0)
    return await lab.committed()
  }

  async function goOnWithout(before: readonly CommittedMessage[], relay: RelayProcess): Promise<void> {
    const known = new Set((await lab.committed()).map(({ id }) => id))
    expect(before.filter(({ id }) => !known.has(id))).not.toEqual([])
    expectHalt(await haltOf(relay), 'RELAY_DATABASE_WENT_BACK')
    await relay.stop()
    await lab.follow('A failover lost transactions')
    await lab.write()
    await lab.send()
    expect(await lab.verdict(before)).toMatchObject({ passed: true, faults: 0 })
  }

  /** Tells the pooler's console a command, and resolves when it is done. */
  async function told({ url }: PgBouncer, command: string): Promise<void> {
    const console = new URL(url)
    console.pathname = '/pgbouncer'
    const client = new pg.Client({ connectionString: console.href })
    await client.connect()
    await client.query(command)
    await client.end()
  }

  /** A point in time as `target` names it, behind everything that is committed. */
  async function pointInTime(target: 'recovery_target_name' | 'recovery_target_time'): Promise<string> {
    const text =
      target === 'recovery_target_time'
        ? 'SELECT clock_timestamp()::text AS point'
        : `SELECT 'before the accident' AS point, pg_create_restore_point('before the accident')`
    const { rows } = await lab.query(text)
    return rows[0]?.point
  }

  /** Resolves when everything that is committed now is in the archive. */
  async function archived(): Promise<void> {
    const { rows } = await lab.query('SELECT pg_walfile_name(pg_switch_wal()) AS segment')
    const there = `SELECT last_archived_wal >= '${rows[0]?.segment}' AS there FROM pg_stat_archiver`
    await expect.poll(async () => (await lab.query(there)).rows[0]?.there, { timeout: 60_000 }).toBe(true)
  }

  async function leftInOutbox(): Promise<number> {
    return lab.leftInOutbox()
  }

  async function useUpTransactionIds(count: number): Promise<void> {
    await lab.query(
      `DO 'BEGIN FOR i IN 1..${count} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END'`,
    )
  }

  /** Resolves when the standby has everything that is committed now. */
  async function caughtUp(): Promise<void> {
    const { rows } = await lab.query('SELECT pg_current_wal_lsn() AS lsn')
    const behind = `SELECT count(*)::int AS there FROM pg_stat_replication WHERE replay_lsn >= '${rows[0]?.lsn}'`
    await expect.poll(async () => (await lab.query(behind)).rows[0]?.there, { timeout: 60_000 }).toBe(1)
  }

  // The process of the original that sends to the standby stands still: an asynchronous standby that lags.
  async function stopReplication(): Promise<void> {
    const { rows } = await lab.query('SELECT pid FROM pg_stat_replication')
    process.kill(rows[0]?.pid, 'SIGSTOP')
  }

  async function promote(standby: DebianServer): Promise<void> {
    const client = new pg.Client({ connectionString: standby.url })
    await client.connect()
    await client.query('SELECT pg_promote(true)')
    await client.end()
  }
})

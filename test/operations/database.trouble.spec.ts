import { grantsFor } from '@pigeonhole/postgres'
import {
  type PgBouncer,
  type PostgresServer,
  startPgBouncer,
  startPostgres,
  startTcpProxy,
  type TcpProxy,
} from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { saidToBeFull } from '../run-inbox/small-disk.js'
import { soon, tellingMs, WatchedService } from './watched-service.js'

const role = 'worker'

describe('while the database is in trouble', { timeout: 600_000 }, () => {
  let postgres: PostgresServer
  let network: TcpProxy
  let pooler: PgBouncer
  let service: WatchedService

  beforeAll(async () => {
    postgres = await startPostgres({ sources: ['docker', 'embedded'] })
    network = await startTcpProxy({ target: new URL(postgres.url).host })
    pooler = await startPgBouncer({ url: postgres.url })
    await asAdmin(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`)
    service = await WatchedService.open({
      serverUrl: postgres.url,
      brokers: inject('kafkaBrokers'),
      leaderUrl: (database) => `postgres://${role}:${role}@${network.address}/${database}`,
      standbyUrl: (database) => within(pooler.url, database),
      consumerUrl: (database) => within(pooler.url, database),
    })
    for (const grant of grantsFor('relay', role)) await service.admin.query(grant)
  }, 240_000)
  beforeEach(() => service.start(), 900_000)
  afterEach(() => service.isWell(), 900_000)
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]()
    await pooler?.stop()
    await network?.stop()
    await postgres?.stop()
  })

  async function asAdmin(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(statement)
    await client.end()
  }

  it('PostgreSQL is down', async () => {
    await postgres.kill()
    await service.tells({
      leader: 'STORE_UNAVAILABLE',
      standby: 'STORE_UNAVAILABLE',
      consumer: 'STORE_UNAVAILABLE',
      status: 1,
    })
    await postgres.restart()
  })

  it('PostgreSQL answers nothing', async () => {
    const failures = await service.leader.metric('pigeonhole_outbox_unmeasured_total')
    await postgres.pause()
    await service.tells({
      leader: 'STORE_UNAVAILABLE',
      standby: 'STORE_UNAVAILABLE',
      consumer: 'STORE_UNAVAILABLE',
      status: 1,
    })
    // What was measured stays, and says how old it is.
    const measuredAt = await service.leader.metric('pigeonhole_outbox_measured_timestamp_seconds')
    expect(Date.now() / 1000 - (measuredAt ?? 0)).toBeGreaterThan(5)
    await soon(() => service.leader.metric('pigeonhole_outbox_unmeasured_total'), 60_000).toBeGreaterThan(
      failures ?? 0,
    )
    await postgres.resume()
  })

  it('PgBouncer is down: who does not need it goes on', async () => {
    await pooler.kill()
    await service.tells({ standby: 'STORE_UNAVAILABLE', consumer: 'STORE_UNAVAILABLE', status: 0 })
    expect(await service.leader.readiness()).toMatchObject({ status: 200 })
    await pooler.restart()
  })

  it('PgBouncer answers nothing', async () => {
    await pooler.pause()
    await service.tells({ standby: 'STORE_UNAVAILABLE', consumer: 'STORE_UNAVAILABLE', status: 0 })
    await pooler.resume()
  })

  it('connections are half-open: the leader says so, and connects anew by itself', async () => {
    const reopened = 'pigeonhole_relay_reopen_total{shard="0",code="STORE_UNAVAILABLE"}'
    const before = (await service.leader.metric(reopened)) ?? 0
    const after = service.leader.lines.length
    const breakAndLook = (): Promise<number | undefined> => {
      // For a moment only: new connections get through. Those of that moment may be none that the shard asks by.
      network.halfOpen()
      return service.leader.metric(reopened)
    }
    await expect.poll(breakAndLook, { timeout: tellingMs, interval: 3_000 }).toBeGreaterThan(before)
    await service.leader.line({ level: 'warn', code: 'STORE_UNAVAILABLE' }, { after })
  })

  it('the network is gone for one worker: it says so, and the other takes over', async () => {
    network.blackhole()
    await service.tells({ leader: 'STORE_UNAVAILABLE', status: 1 })
    await service.isHandled(await service.publish())
    network.heal()
  })

  it('a role has lost a privilege', async () => {
    await service.admin.query(`REVOKE SELECT ON pigeonhole.outbox_message FROM ${role}`)
    await service.tells({ leader: 'STORE_ACCESS_DENIED' })
    await service.admin.query(`GRANT SELECT ON pigeonhole.outbox_message TO ${role}`)
  })

  it('the disk is full', async () => {
    const disk = await saidToBeFull(service.admin, 'pigeonhole.relay_batch')
    await disk.fill()
    const waiting = await service.publish()
    await service.tells({ leader: 'STORE_UNAVAILABLE', status: 4 })
    await disk.free()
    await service.isHandled(waiting)
  })
})

function within(url: string, database: string): string {
  const found = new URL(url)
  found.pathname = `/${database}`
  return found.href
}

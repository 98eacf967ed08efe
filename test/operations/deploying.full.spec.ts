import { renderMigrations, requiredSchemaVersion } from '@pigeonhole/postgres'
import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import type pg from 'pg'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { quietPool } from '../postgres/quiet-pool.js'
import { SchemaEngine } from '../prisma/schema-engine.js'
import { ScratchProject } from '../prisma/scratch-project.js'
import { RelayProcess } from '../relay/relay-process-handle.js'
import { earlierBuilds } from '../rolling/earlier-build.js'
import { commandsOf } from './runbook.js'
import { RunbookLab } from './runbook-lab.js'
import { RunbookShell } from './runbook-shell.js'
import { soon } from './watched-service.js'

const patienceMs = 60_000
const [, { text: createIndex } = { text: '' }] = commandsOf('The migration to ids by age')

describe('deploying', { timeout: 240_000 }, () => {
  it('a worker that comes before the tables waits for them, and goes on by itself', async () => {
    // Before the migration to a ring of partitions.
    await using lab = await RunbookLab.open({ schemaVersion: 3 })
    const worker = lab.startWorker()
    await worker.line({ level: 'warn', code: 'SCHEMA_OUTDATED' })
    // As a service of that release does.
    await lab.pool.query(
      `INSERT INTO pigeonhole.outbox_message (id, topic, key, bucket, headers, payload)
       VALUES (gen_random_uuid(), $1, 'order-1', 0, '[]', 'meanwhile')`,
      [lab.topic],
    )
    const ring = lab.shell.section('The migration to a ring of partitions')
    expect(await ring.step('SELECT count')).toMatch(/^ +1$/m)
    ring.end()
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

  it('with Prisma, a large inbox has its index built when the migration that needs it has stopped', async () => {
    await using service = await PrismaService.open()
    const { shell } = service
    const first = shell.section('Migrating with Prisma')
    await first.step('pigeonhole init')
    const stopped = await first.refused('prisma migrate deploy', 1)
    first.end()
    expect(stopped).toContain('inbox_message is large')
    expect(stopped).toContain(`HINT: ${createIndex.replace(/;$/, ',')} then migrate`)
    const [migration = ''] = /\d+_pigeonhole_ids_by_age/.exec(stopped) ?? []
    // Behind the service's own.
    expect(migration).toMatch(/^20290101/)

    const walk = shell.section('The migration to ids by age', { MIGRATION: migration })
    await service.givesUpIndex()
    await walk.step('DROP INDEX')
    await walk.step('CREATE INDEX')
    const [built] = await service.indexes()
    expect(built).toMatchObject({ indisvalid: true })
    await walk.step('prisma migrate resolve')
    walk.end()
    const again = shell.section('Migrating with Prisma')
    await again.rest()
    expect(await service.indexes()).toEqual([built])
    expect(await service.version()).toBe(requiredSchemaVersion)
  })
})

/** A service with tables of before the migration to ids by age, which Prisma has deployed, and migrations of its own since. */
class PrismaService implements AsyncDisposable {
  readonly shell: RunbookShell
  readonly #database: TestDatabase
  readonly #pool: pg.Pool

  private constructor(shell: RunbookShell, database: TestDatabase) {
    this.shell = shell
    this.#database = database
    this.#pool = quietPool(database.url)
  }

  static async open(): Promise<PrismaService> {
    const database = await createDatabase({ url: inject('databaseUrl') })
    const settings = { name: 'orders', databaseUrl: database.url, brokers: inject('kafkaBrokers') }
    const service = new PrismaService(await RunbookShell.open(settings), database)
    await service.#deploysEarlier()
    await service.#pool.query(
      "UPDATE pg_class SET reltuples = 2e6 WHERE oid = 'pigeonhole.inbox_message'::regclass",
    )
    return service
  }

  /** Begins to build the index beside a consumer that does not end, and gives up. */
  async givesUpIndex(): Promise<void> {
    const [consumer, operator] = [await this.#pool.connect(), await this.#pool.connect()]
    await consumer.query('BEGIN; LOCK pigeonhole.inbox_message IN ROW EXCLUSIVE MODE')
    await operator.query("SET lock_timeout = '1ms'")
    await expect(operator.query(createIndex)).rejects.toThrow('lock timeout')
    consumer.release(true)
    operator.release(true)
    expect(await this.indexes()).toMatchObject([{ indisvalid: false }])
  }

  /** The index that the migration needs, where it is there. */
  async indexes(): Promise<object[]> {
    const { rows } = await this.#pool.query<object>(
      `SELECT indexrelid, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid
       WHERE relname = 'inbox_message_inbox_received_at_idx'`,
    )
    return rows
  }

  async version(): Promise<number> {
    const { rows } = await this.#pool.query('SELECT max(version) AS version FROM pigeonhole.schema_version')
    return rows[0]?.version
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end()
    await this.shell[Symbol.asyncDispose]()
    await this.#database.drop()
  }

  async #deploysEarlier(): Promise<void> {
    const project = await ScratchProject.in(this.shell.folder)
    const files = { 'schema.prisma': 'datasource db {\n  provider = "postgresql"\n}\n' }
    const config = { schema: 'schema.prisma', migrations: { path: 'migrations' } }
    const datasource = { url: this.#database.url }
    await project.put('schema.prisma', files['schema.prisma'])
    await project.put(
      'prisma.config.ts',
      `import { defineConfig } from 'prisma/config'\nexport default defineConfig(${JSON.stringify({ ...config, datasource })})\n`,
    )
    await project.put('migrations/migration_lock.toml', 'provider = "postgresql"\n')
    for (const { name, sql } of (await renderMigrations()).slice(0, 5))
      await project.put(`migrations/${name}/migration.sql`, sql)
    await project.put('migrations/20290101000000_own/migration.sql', 'CREATE TABLE invoice ();\n')
    const engine = await SchemaEngine.open(this.#database.url, files)
    await engine.deploy(await project.migrations('migrations'))
    await engine.close()
  }
}

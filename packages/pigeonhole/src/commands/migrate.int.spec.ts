import { randomUUID } from 'node:crypto'
import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CommandProcess, runCommand } from '../command-process.harness.js'

describe('pigeonhole migrate', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase({ url: inject('databaseUrl') })
  })
  afterAll(() => database.drop())

  async function tablesOf(schema: string): Promise<number> {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const { rowCount } = await client.query('SELECT FROM pg_tables WHERE schemaname = $1', [schema])
    await client.end()
    return rowCount ?? 0
  }

  it('makes the tables, says so, and changes nothing the second time', async () => {
    const first = await runCommand(['migrate'], { DATABASE_URL: database.url })
    expect(first.code).toBe(0)
    expect(first.stdout).toMatch(
      /^applied \d+_pigeonhole_init\n(applied \w+\n)*Schema "pigeonhole" is up to date, at version \d+\.\n$/,
    )
    expect(first.stderr).toBe(first.stdout.replace(/^Schema.*\n/m, '').replaceAll('applied', 'applying'))
    const tables = await tablesOf('pigeonhole')
    expect(tables).toBeGreaterThan(5)
    const second = await runCommand(['migrate'], { DATABASE_URL: database.url })
    expect(second).toMatchObject({ code: 0, stderr: '' })
    expect(second.stdout).toMatch(/^Schema "pigeonhole" was up to date already, at version \d+\.\n$/)
    expect(await tablesOf('pigeonhole')).toBe(tables)
  })

  it('tells of each migration as it runs', async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      const { stdout } = await runCommand(['migrate', '--print', '--schema', 'held'])
      await client.query(stdout)
      await client.query("DELETE FROM held.schema_version WHERE migration NOT LIKE '%_init'")
      // Whoever uses a table keeps it from being changed.
      await client.query('BEGIN; LOCK TABLE held.relay_shard IN ACCESS SHARE MODE')
      const migrating = new CommandProcess(['migrate', '--schema', 'held'], { DATABASE_URL: database.url })
      await expect.poll(() => migrating.stderr, { timeout: 30_000 }).toMatch(/^applying \w+\n/)
      expect(migrating.stdout).toBe('')
      await client.query('ROLLBACK')
      expect(await migrating.exit).toMatchObject({ code: 0 })
      expect(migrating.stdout).toMatch(/^applied .*is up to date/s)
    } finally {
      await client.end()
    }
  })

  it('prints JSON and tells nothing else with --json', async () => {
    const args = ['migrate', '--schema', 'as_json', '--json']
    const first = await runCommand(args, { DATABASE_URL: database.url })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    const { applied, version } = JSON.parse(first.stdout)
    expect(applied[0]).toMatch(/^\d+_pigeonhole_init$/)
    expect(applied).toHaveLength(version)
    const second = await runCommand(args, { DATABASE_URL: database.url })
    expect(JSON.parse(second.stdout)).toEqual({ applied: [], version })
    expect(await runCommand([...args, '--print'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^OPTION_INVALID: --print and --json are both given/),
    })
  })

  it('makes them in the schema it is told, and prefers its own variable and its flag', async () => {
    const environment = {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/no',
      PIGEONHOLE_DATABASE_URL: database.url,
    }
    const byVariable = await runCommand(['migrate'], { ...environment, PIGEONHOLE_SCHEMA: 'by_variable' })
    const byFlag = await runCommand(['migrate', '--schema', 'by_flag'], {
      ...environment,
      PIGEONHOLE_SCHEMA: 'other',
    })
    expect([byVariable.code, byFlag.code]).toEqual([0, 0])
    expect(await tablesOf('by_variable')).toBeGreaterThan(5)
    expect(await tablesOf('by_flag')).toBe(await tablesOf('by_variable'))
    expect(await tablesOf('other')).toBe(0)
  })

  it('prints what makes the tables and gives each role what it needs, for their owner to run', async () => {
    const roles = ['relay', 'caller'].map((part) => [part, `${part} of "${randomUUID()}"`] as const)
    const flags = roles.flatMap(([part, role]) => [`--${part}`, role])
    const { code, stdout, stderr } = await runCommand(['migrate', '--print', '--schema', 'printed', ...flags])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const quoted = roles.map(([, role]) => `"${role.replaceAll('"', '""')}"`)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      for (const role of quoted) await client.query(`CREATE ROLE ${role}`)
      await client.query(stdout)
      // What was printed may run over what it has made.
      await client.query(stdout)
      const allowed = async (role: number, privilege: string) => {
        const { rows } = await client.query(
          "SELECT has_table_privilege($1, 'printed.relay_batch', $2) AS may",
          [roles[role]?.[1], privilege],
        )
        return rows[0]?.may
      }
      expect([await allowed(0, 'INSERT'), await allowed(0, 'UPDATE')]).toEqual([true, false])
      expect(await allowed(1, 'SELECT')).toBe(false)
    } finally {
      for (const role of quoted) await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      await client.end()
    }
    const migrated = await runCommand(['migrate', '--schema', 'printed'], { DATABASE_URL: database.url })
    expect(migrated.stdout).toContain('was up to date already')
  })

  it('grants nothing by itself', async () => {
    const { code, stderr } = await runCommand(['migrate', '--relay', 'r'], { DATABASE_URL: database.url })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^OPTION_INVALID: Option --relay goes with --print/)
  })

  it('says in one line that the server cannot be reached, and with --verbose where', async () => {
    const environment = { DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/no' }
    const { code, stdout, stderr } = await runCommand(['migrate'], environment)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^STORE_UNAVAILABLE: .*ECONNREFUSED.*\n$/)
    const verbose = await runCommand(['migrate', '--verbose'], environment)
    expect(verbose.code).toBe(1)
    expect(verbose.stderr).toMatch(/\n {4}at .*[cause]/s)
    expect(`${stderr}${verbose.stderr}`).not.toContain('secret')
  })

  it('says that the credentials are wrong', async () => {
    const url = new URL(database.url)
    url.username = 'no_such_role'
    const { code, stderr } = await runCommand(['migrate'], { DATABASE_URL: url.href })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^STORE_ACCESS_DENIED: .*no_such_role/)
  })

  it('refuses a schema that is not safe to write', async () => {
    const { code, stderr } = await runCommand(['migrate', '--schema', 'a"b'], { DATABASE_URL: database.url })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^OPTION_INVALID: .*schema/)
  })
})

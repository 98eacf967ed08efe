import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { runCommand } from '../command-process.harness.js'
import { openTerminal } from '../terminal.harness.js'
import { WorkerLab } from '../worker-lab.harness.js'

// Several processes follow one another, each of which may begin late on a busy machine.
describe('pigeonhole adopt', { timeout: 120_000 }, () => {
  let lab: WorkerLab
  beforeEach(async () => {
    lab = await WorkerLab.open()
    await lab.createTopic()
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const adopt = (...args: readonly string[]) =>
    runCommand(['adopt', '--name', lab.name, ...args], {
      DATABASE_URL: lab.database.url,
      KAFKA_BROKERS: inject('kafkaBrokers').join(','),
    })

  /** A worker sends `value` and ends. */
  async function send(value: string): Promise<void> {
    await lab.publish(value)
    const worker = lab.startWorker()
    await expect.poll(() => lab.readLog()).toContain(value)
    worker.kill('SIGTERM')
    expect(await worker.exit).toEqual({ code: 0, signal: null })
  }

  async function diverge(): Promise<void> {
    await send('before')
    await lab.pool.query("UPDATE pigeonhole.relay_identity SET system_identifier = '1'")
    await lab.publish('meanwhile')
  }

  it('shows both sides, and changes nothing where nobody can be asked', async () => {
    await diverge()
    const { code, stdout, stderr } = await adopt()
    expect(code).toBe(3)
    expect(stderr).toContain('--yes')
    expect(stdout).toMatch(/^recorded {2}worker-\w+ {2}\S+ +1$/m)
    expect(stdout).toContain('shard 0: RELAY_IDENTITY_CHANGED')
    expect(stdout).toMatch(/ 1 {2}were never sent to this log: they are sent next/)
    const { rows } = await lab.pool.query('SELECT system_identifier FROM pigeonhole.relay_identity')
    expect(rows).toEqual([{ system_identifier: '1' }])
  })

  it('adopts with --yes, and a worker goes on', async () => {
    await diverge()
    const halted = lab.startWorker()
    const line = await halted.line({ code: 'RELAY_IDENTITY_CHANGED' })
    expect(line['remedy']).toContain('pigeonhole adopt')
    halted.kill('SIGTERM')
    await halted.exit
    const { code, stdout, stderr } = await adopt('--yes')
    // How far it is, where the machine takes its time.
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^((comparing|adopting): .* pending\n)*$/),
    })
    expect(stdout).toMatch(/Adopted: shard 0 goes on from batch \d+\. Restart/)
    await send('after')
    expect((await lab.readLog()).sort()).toEqual(['after', 'before', 'meanwhile'])
  })

  it('keeps the cursor where only the server has changed', async () => {
    await diverge()
    const { code, stdout } = await adopt('--yes', '--keep-cursor')
    expect(code).toBe(0)
    expect(stdout).toContain('goes on where it was')
    await send('after')
    expect((await lab.readLog()).sort()).toEqual(['after', 'before', 'meanwhile'])
  })

  it('tells the outcome as JSON, and both sides on stderr', async () => {
    await diverge()
    const { code, stdout, stderr } = await adopt('--yes', '--json')
    expect(code).toBe(0)
    expect(stderr).toContain('shard 0: RELAY_IDENTITY_CHANGED')
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'adopted',
      report: { recorded: { systemIdentifier: '1' }, shards: [{ outbox: { absent: 1 } }] },
      adopted: [{ shard: 0, batch: expect.any(Number) }],
    })
  })

  it('asks at a terminal, and takes nothing but yes for an answer', async () => {
    await diverge()
    const terminal = openTerminal(['adopt', '--name', lab.name], {
      DATABASE_URL: lab.database.url,
      KAFKA_BROKERS: inject('kafkaBrokers').join(','),
    })
    await terminal.shows('Adopt? Only "yes" does: ')
    terminal.type('y')
    expect(await terminal.exit).toBe(3)
    expect(terminal.screen).toContain('Nothing was changed')
    const { rows } = await lab.pool.query('SELECT system_identifier FROM pigeonhole.relay_identity')
    expect(rows).toEqual([{ system_identifier: '1' }])
  })

  it('adopts once it is told yes at a terminal', async () => {
    await diverge()
    const terminal = openTerminal(['adopt', '--name', lab.name], {
      DATABASE_URL: lab.database.url,
      KAFKA_BROKERS: inject('kafkaBrokers').join(','),
    })
    await terminal.shows('Adopt? Only "yes" does: ')
    expect(terminal.screen).toContain('shard 0: RELAY_IDENTITY_CHANGED')
    terminal.type('yes')
    expect(await terminal.exit).toBe(0)
    expect(terminal.screen).toMatch(/Adopted: shard 0 goes on from batch \d+/)
    await send('after')
    expect((await lab.readLog()).sort()).toEqual(['after', 'before', 'meanwhile'])
  })

  it('tells how far it is while it takes its time, and so does reshard', async () => {
    await diverge()
    const environment = {
      DATABASE_URL: lab.database.url,
      KAFKA_BROKERS: inject('kafkaBrokers').join(','),
    }
    const holder = await lab.pool.connect()
    const hold = async (args: readonly string[], line: string) => {
      await holder.query('BEGIN; SELECT FROM pigeonhole.relay_shard FOR UPDATE')
      const terminal = openTerminal([...args, '--name', lab.name], environment)
      await terminal.shows(line)
      await holder.query('COMMIT')
      return terminal
    }
    try {
      const adopting = await hold(['adopt', '--yes'], 'comparing: 1 message pending')
      expect(await adopting.exit).toBe(0)
      const dividing = await hold(['reshard', '--shards', '2'], 'dividing: 1 message pending')
      expect(await dividing.exit).toBe(0)
      expect(dividing.screen).toContain('The outbox had 1 shard and has 2 now')
    } finally {
      holder.release()
    }
  })

  it('says that there is nothing to adopt', async () => {
    await send('before')
    const { code, stdout } = await adopt()
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'Database and Kafka agree: there is nothing to adopt.\n',
    })
  })
})

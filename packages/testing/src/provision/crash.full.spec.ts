import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { descendantsOf, stillRunning } from './process-tree.js'

// What a test process does that starts servers and never stops them.
const program = `
import { startKafka, startPostgres } from '@pigeonhole/testing'
const sources = ['docker', 'embedded']
const [postgres, kafka] = await Promise.all([startPostgres({ sources }), startKafka({ brokers: 1, sources })])
console.log(JSON.stringify([new URL(postgres.url).port, new URL('kafka://' + kafka.brokers[0]).port]))
if (process.argv.includes('stay')) setInterval(() => {}, 1000)
`

const timeout = 240_000
let temporary: string
let child: ChildProcess

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'crash-spec-'))
  // As root the servers run as another user, who must reach it.
  await chmod(temporary, 0o755)
})

afterEach(async () => {
  child.kill('SIGKILL')
  await rm(temporary, { recursive: true, force: true })
})

function run(...args: string[]): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', program, ...args], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: temporary },
    // A process group of its own, as a shell gives to each command.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function portsOf(process: ChildProcess): Promise<number[]> {
  if (process.stdout === null) throw new Error('no output to read')
  const [line] = (await once(createInterface(process.stdout), 'line')) as [string]
  return (JSON.parse(line) as string[]).map(Number)
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

async function expectNothingLeft(pids: readonly number[], ports: readonly number[]): Promise<void> {
  await expect.poll(() => stillRunning(pids), { timeout: 60_000 }).toEqual([])
  await expect.poll(() => readdir(temporary), { timeout: 60_000 }).toEqual([])
  for (const port of ports) await expect.poll(() => answers(port), { timeout: 60_000 }).toBe(false)
}

test.each([
  // A terminal's Ctrl-C goes to every process of the group.
  { signal: 'SIGINT', to: 'group' },
  { signal: 'SIGKILL', to: 'process' },
] as const)(
  '$signal to the test process ends its servers and removes their files',
  async ({ signal, to }) => {
    child = run('stay')
    const exit = once(child, 'exit')
    const ports = await portsOf(child)
    const pid = child.pid ?? 0
    const servers = await descendantsOf(pid)
    for (const port of ports) expect(await answers(port)).toBe(true)

    process.kill(to === 'group' ? -pid : pid, signal)
    expect(await exit).toEqual([null, signal])
    await expectNothingLeft(servers, ports)
  },
  timeout,
)

test(
  'a test process killed while its servers start leaves none behind',
  async () => {
    child = run('stay')
    const exit = once(child, 'exit')
    await expect.poll(() => readdir(temporary), { timeout: 60_000 }).not.toEqual([])
    const servers = await descendantsOf(child.pid ?? 0)
    child.kill('SIGKILL')
    expect(await exit).toEqual([null, 'SIGKILL'])
    await expectNothingLeft(servers, [])
  },
  timeout,
)

test(
  'servers that nobody stopped do not keep the test process alive, and end with it',
  async () => {
    child = run()
    const exit = once(child, 'exit')
    const ports = await portsOf(child)
    expect(await exit).toEqual([0, null])
    await expectNothingLeft([], ports)
  },
  timeout,
)

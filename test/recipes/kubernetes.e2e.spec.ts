import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { InboxLab } from '../run-inbox/inbox-lab.js'
import { readRelayManifest } from './relay-manifest.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const manifest = readRelayManifest()
const root = join(import.meta.dirname, '..', '..')

let lab: InboxLab
let relay: ChildProcess | undefined
beforeEach(async () => {
  lab = await InboxLab.open(servers)
})
afterEach(async () => {
  if (relay && relay.exitCode === null && relay.kill('SIGKILL')) await once(relay, 'exit')
  await lab[Symbol.asyncDispose]()
})

/** The container's command with its variables: but for the servers of this run, a name of its own, and a port that is free. */
function startRelay(over: Readonly<Record<string, string>>): AsyncIterable<string> {
  const env = { PATH: process.env['PATH'], ...Object.fromEntries(manifest.env), ...over }
  const [program, ...args] = manifest.command
  // npm links it to this file where the package is installed; in its own workspace the file is built later.
  expect(program).toBe('node_modules/.bin/pigeonhole')
  const bin = join(root, 'packages/pigeonhole/dist/bin.js')
  relay = spawn(process.execPath, [bin, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  return createInterface(relay.stdout as NodeJS.ReadableStream)
}

describe('the manifest for Kubernetes', () => {
  it('has the command start with its variables, answer its probes, and end within its grace period', async () => {
    expect(manifest.secrets).toEqual(['PIGEONHOLE_DATABASE_URL'])
    const log = startRelay({
      PIGEONHOLE_NAME: lab.name,
      PIGEONHOLE_DATABASE_URL: lab.databaseUrl,
      PIGEONHOLE_BROKERS: servers.kafkaBrokers.join(','),
      PIGEONHOLE_PORT: '0',
    })
    const lines: Record<string, unknown>[] = []
    for await (const line of log) {
      lines.push(JSON.parse(line))
      if (lines.at(-1)?.['state'] === 'publishing') break
    }
    // A variable that is not known would be warned of. What troubles a shard at its first opening is the machine.
    expect(lines.filter(({ level, shard }) => level !== 'info' && shard === undefined)).toEqual([])

    const { health } = lines.find(({ message }) => message === 'relay starts') ?? {}
    // Not the loopback: the kubelet asks from outside.
    expect(health).toMatch(/^http:\/\/0\.0\.0\.0:/)
    const { readiness, liveness } = manifest.probes
    for (const path of [readiness.path, liveness.path, manifest.scraped.path])
      expect({ path, status: (await fetch(`${health}${path}`)).status }).toEqual({ path, status: 200 })

    relay?.kill('SIGTERM')
    expect(await once(relay as ChildProcess, 'exit')).toEqual([0, null])
  })

  it('has its probes and Prometheus ask at the port that the relay is told, and waits for longer than it drains', () => {
    const port = Number(manifest.env.get('PIGEONHOLE_PORT'))
    const { readiness, liveness } = manifest.probes
    expect(readiness).toEqual({ path: '/readyz', port: 'health' })
    expect(liveness).toEqual({ path: '/healthz', port: 'health' })
    expect(manifest.ports).toEqual(new Map([['health', port]]))
    expect(manifest.scraped.port).toBe(port)
    const drainMs = Number(manifest.env.get('PIGEONHOLE_DRAIN_TIMEOUT_MS'))
    expect(manifest.graceSeconds * 1_000).toBeGreaterThan(drainMs + 5_000)
  })

  it('has a relay that cannot reach its database alive, and unready', async () => {
    const log = startRelay({
      PIGEONHOLE_NAME: lab.name,
      PIGEONHOLE_DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nowhere',
      PIGEONHOLE_BROKERS: servers.kafkaBrokers.join(','),
      PIGEONHOLE_PORT: '0',
    })
    let health: unknown
    for await (const line of log) {
      health = JSON.parse(line).health
      if (health) break
    }
    const { readiness, liveness } = manifest.probes
    expect((await fetch(`${health}${readiness.path}`)).status).toBe(503)
    expect((await fetch(`${health}${liveness.path}`)).status).toBe(200)
  })
})

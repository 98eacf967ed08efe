// A process of its own between a test process and its servers. It holds a channel to the test process; when that
// closes, however the test process died, it ends the servers and removes their directory.
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnWarded, type WardedProcess } from './warded-process.js'
import type {
  ProcessExit,
  ProcessSpec,
  WardenCommand,
  WardenMessage,
  WardenRequest,
} from './warden-messages.js'

const directory = mkdtempSync(join(tmpdir(), `pigeonhole-${process.argv[2] ?? 'server'}-`))
const processes = new Map<string, WardedProcess>()
let closing: Promise<void> | undefined

function say(message: WardenMessage): void {
  // The test process may be gone, which 'disconnect' tells.
  process.send?.(message, undefined, undefined, () => undefined)
}

async function start(spec: ProcessSpec): Promise<WardedProcess> {
  if (closing !== undefined) throw new Error('the warden is closing')
  const started = spawnWarded(spec)
  // In the map before anything is awaited, so that a close at any moment ends it too.
  processes.set(spec.name, started)
  void started.exited.then((exit) => {
    processes.delete(spec.name)
    say({ says: 'exited', name: spec.name, exit })
  })
  await started.spawned
  return started
}

async function carryOut(command: WardenCommand): Promise<ProcessExit | undefined> {
  switch (command.do) {
    case 'spawn':
      await start(command.spec)
      return undefined
    case 'run':
      return (await start(command.spec)).exited
    case 'signal':
      await processes.get(command.name)?.signal(command.signal)
      return undefined
    case 'end':
      await processes.get(command.name)?.end(command.signal, command.graceMs)
      return undefined
    case 'kill':
      await processes.get(command.name)?.kill()
      return undefined
    case 'close':
      await close()
      return undefined
  }
}

async function answer({ id, command }: WardenRequest): Promise<void> {
  try {
    const exit = await carryOut(command)
    say({ says: 'answer', id, ...(exit !== undefined && { exit }) })
  } catch (error) {
    say({ says: 'answer', id, error: error instanceof Error ? error.message : String(error) })
  }
}

function close(): Promise<void> {
  closing ??= (async () => {
    await Promise.all([...processes.values()].map((it) => it.end(it.spec.endSignal, it.spec.graceMs)))
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  })()
  return closing
}

function closeAndExit(): void {
  void close().finally(() => process.exit())
}

process.on('message', (request: WardenRequest) => void answer(request))
process.on('disconnect', closeAndExit)
process.on('uncaughtException', closeAndExit)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, closeAndExit)
// The test process may have died before anybody listened for it.
if (process.connected) say({ says: 'ready', directory })
else closeAndExit()

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { descendantsOf, stillRunning } from './process-tree.js'
import type { ProcessExit, ProcessSpec } from './warden-messages.js'

/** A child of the warden. */
export interface WardedProcess {
  readonly spec: ProcessSpec
  /** Rejects when the command cannot be run. */
  readonly spawned: Promise<void>
  readonly exited: Promise<ProcessExit>
  /** To it and everything that descends from it: PostgreSQL is one process a session. */
  signal(signal: NodeJS.Signals): Promise<void>
  end(signal: NodeJS.Signals, graceMs: number): Promise<void>
  kill(): Promise<void>
}

/** Starts a process in a group of its own, so that no terminal's signal reaches it. */
export function spawnWarded(spec: ProcessSpec): WardedProcess {
  const log = openSync(spec.logFile, 'a')
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: { ...process.env, ...spec.env },
    detached: true,
    stdio: ['ignore', log, log],
    ...(spec.uid !== undefined && { uid: spec.uid }),
    ...(spec.gid !== undefined && { gid: spec.gid }),
  })
  closeSync(log)
  const exited = exitOf(child)
  return {
    spec,
    spawned: spawnOf(child),
    exited,
    signal: (signal) => signalTree(child, signal),
    end: (signal, graceMs) => end(child, exited, { signal, graceMs }),
    kill: () => killTree(child, exited),
  }
}

function spawnOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

function exitOf(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    // A command that cannot be run never exits.
    child.once('error', () => child.pid === undefined && resolve({ code: null, signal: null }))
  })
}

interface Ending {
  readonly signal: NodeJS.Signals
  readonly graceMs: number
}

async function end(child: ChildProcess, exited: Promise<ProcessExit>, ending: Ending): Promise<void> {
  child.kill(ending.signal)
  // A paused process acts on the signal only once it goes on.
  await signalTree(child, 'SIGCONT')
  const grace = new AbortController()
  const inTime = await Promise.race([
    exited.then(() => true),
    delay(ending.graceMs, false, { signal: grace.signal }).catch(() => false),
  ])
  grace.abort()
  if (!inTime) await killTree(child, exited)
}

async function signalTree(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const { pid } = child
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  // The parent first: one that is stopped starts no other child meanwhile.
  child.kill(signal)
  for (const descendant of await descendantsOf(pid)) signalIfThere(descendant, signal)
}

async function killTree(child: ChildProcess, exited: Promise<ProcessExit>): Promise<void> {
  const { pid } = child
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  // Stopped first: a postmaster that sees a child die would replace it, or tell the others to leave by themselves.
  child.kill('SIGSTOP')
  const children = await descendantsOf(pid)
  child.kill('SIGKILL')
  for (const descendant of children) signalIfThere(descendant, 'SIGKILL')
  await exited
  while ((await stillRunning(children)).length > 0) await delay(10)
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

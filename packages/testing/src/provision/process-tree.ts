import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const execute = promisify(execFile)

interface ProcessRow {
  readonly pid: number
  readonly parent: number
  /** The first letter of its state; Z is a process that has ended but was not yet reaped. */
  readonly state: string
}

/** The processes that descend from `root`, nearest first, without `root` itself. */
export async function descendantsOf(root: number): Promise<number[]> {
  const rows = await listProcesses()
  const found = [root]
  for (const ancestor of found) {
    found.push(...rows.filter((row) => row.parent === ancestor).map((row) => row.pid))
  }
  return found.slice(1)
}

/** Which of `pids` still run; one that has ended and only waits to be reaped does not. */
export async function stillRunning(pids: readonly number[]): Promise<number[]> {
  const rows = await listProcesses()
  return rows.filter((row) => pids.includes(row.pid) && row.state !== 'Z').map((row) => row.pid)
}

function listProcesses(): Promise<ProcessRow[]> {
  return process.platform === 'linux' ? listFromProc() : listFromPs()
}

// Small images have no ps, so Linux is asked directly.
async function listFromProc(): Promise<ProcessRow[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const rows = await Promise.all(names.map(readProc))
  return rows.filter((row) => row !== undefined)
}

async function readProc(pid: string): Promise<ProcessRow | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The command stands in parentheses and may hold spaces and parentheses itself.
  const [state, parent] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  if (state === undefined || parent === undefined) return undefined
  return { pid: Number(pid), parent: Number(parent), state }
}

async function listFromPs(): Promise<ProcessRow[]> {
  const { stdout } = await execute('ps', ['-A', '-o', 'pid=,ppid=,state='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, state]) => ({
      pid: Number(pid),
      parent: Number(parent),
      state: state?.charAt(0) ?? '',
    }))
}

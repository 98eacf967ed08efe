import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, inject, onTestFinished } from 'vitest'

/** A command at a terminal, where somebody can be asked. */
export interface TerminalSession {
  readonly screen: string
  readonly exit: Promise<number | null>
  /** Types a line. */
  type(line: string): void
  /** Resolves when the screen shows `text`. */
  shows(text: string): Promise<void>
}

/** Runs the built command at a terminal of its own: `script`, of util-linux, makes one. Ends with the test at the latest. */
export function openTerminal(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): TerminalSession {
  const command = [process.execPath, inject('pigeonhole'), ...args].map((word) => `'${word}'`).join(' ')
  const env = { PATH: process.env['PATH'], TERM: 'dumb', ...environment }
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    env,
  })
  const session = { screen: '' }
  child.stdout.on('data', (chunk) => {
    session.screen += String(chunk)
  })
  child.stdin.on('error', () => undefined) // It may have ended.
  const exit = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exit
  })
  return {
    get screen() {
      return session.screen
    },
    exit,
    type: (line) => void child.stdin.write(`${line}\n`),
    shows: (text) => expect.poll(() => session.screen, { timeout: 60_000 }).toContain(text),
  }
}

import { isPigeonholeError } from '@pigeonhole/core'
import { CommanderError } from 'commander'
import type { CommandContext, Terminal } from './context.js'
import { describeError } from './describe-error.js'
import { exitCodes } from './exit-codes.js'
import { FaultFound } from './fault-found.js'
import { NotConfirmed } from './not-confirmed.js'
import { createProgram } from './program.js'
import { RiskFound } from './risk-found.js'

/** Runs the command line `args`. Resolves to the exit code, when it is done. Never rejects. */
export async function main(
  args: readonly string[],
  environment: CommandContext['environment'],
  terminal: Terminal,
): Promise<number> {
  const program = createProgram(environment, terminal)
  let verbose = false
  program.hook('preAction', (_, command) => {
    verbose = command.opts()['verbose'] === true
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    // Commander has printed its own errors, and the help and version that it ends with.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (error instanceof NotConfirmed) {
      terminal.warn(`${error.message}.\n`)
      return exitCodes.notConfirmed
    }
    if (error instanceof FaultFound) return exitCodes.found
    if (error instanceof RiskFound) return exitCodes.atRisk
    terminal.warn(`${describeError(error, { verbose })}\n`)
    return isUsage(error) ? exitCodes.usage : exitCodes.failure
  }
}

function isUsage(error: unknown): boolean {
  return isPigeonholeError(error, 'OPTION_INVALID') || isPigeonholeError(error, 'TOPIC_NAME_INVALID')
}

import { closest } from 'fastest-levenshtein'
import { configFileVariable } from './config-file.js'
import { relaySettings } from './relay-settings.js'

// Those of the project's own tests mean nothing to the command.
const foreign = /^PIGEONHOLE_TEST_/

/**
 * Warns of each variable of the environment that looks like one of the command's and is none. All commands share one
 * environment, so each knows the variables of all: those of the relay.
 */
export function warnOfUnknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  warn: (warning: string) => void,
): void {
  const ofSettings = Object.values(relaySettings).flatMap(({ variables }) => variables)
  const known = [...ofSettings, configFileVariable]
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('PIGEONHOLE_') || foreign.test(name) || known.includes(name)) continue
    warn(`The environment variable ${name} is not known. Did you mean ${closest(name, known)}?`)
  }
}

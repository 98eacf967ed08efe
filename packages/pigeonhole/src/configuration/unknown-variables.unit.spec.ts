import { describe, expect, it } from 'vitest'
import { relaySettings } from './relay-settings.js'
import { warnOfUnknownVariables } from './unknown-variables.js'

function warningsOf(environment: Record<string, string>): string[] {
  const warnings: string[] = []
  warnOfUnknownVariables(environment, (warning) => warnings.push(warning))
  return warnings
}

describe('warnOfUnknownVariables', () => {
  it('names the variable nearest to one that is not known', () => {
    expect(warningsOf({ PIGEONHOLE_BROKER: 'a:1', PIGEONHOLE_LEASEMS: '5' })).toEqual([
      'The environment variable PIGEONHOLE_BROKER is not known. Did you mean PIGEONHOLE_BROKERS?',
      'The environment variable PIGEONHOLE_LEASEMS is not known. Did you mean PIGEONHOLE_LEASE_MS?',
    ])
  })

  it('says nothing of those that are, of others, and of those of tests', () => {
    const known = Object.values(relaySettings).flatMap(({ variables }) => variables)
    const environment = Object.fromEntries(
      [...known, 'PATH', 'PIGEONHOLE_TEST_KAFKA_BROKERS'].map((name) => [name, 'x']),
    )
    expect(warningsOf(environment)).toEqual([])
  })
})

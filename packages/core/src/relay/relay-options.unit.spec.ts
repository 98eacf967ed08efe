import { describe, expect, it } from 'vitest'
import { CallScript } from '../ports/call-script.fake.js'
import { systemClock } from '../ports/clock.js'
import { untraced } from '../ports/tracing.js'
import { type RelayOptions, resolveRelayOptions } from './relay-options.js'
import { ScriptedPublisher } from './scripted-publisher.fake.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'

const script = new CallScript()
const required = {
  name: 'orders',
  store: new ScriptedRelayStore(script),
  publisher: new ScriptedPublisher(script),
}

describe('resolveRelayOptions', () => {
  const defaults = {
    ...required,
    batchRows: 5_000,
    shards: 1,
    batchBytes: 8_388_608,
    leaseMs: 10_000,
    renewMs: 2_000,
    openTimeoutMs: 60_000,
    drainTimeoutMs: 10_000,
    pollMs: 2,
    idlePollMs: 200,
    retentionMs: 0,
    backoff: { initialMs: 100, maxMs: 10_000 },
    tracing: untraced,
    clock: systemClock,
  }

  it('has the defaults that are documented', () => {
    expect(resolveRelayOptions(required)).toEqual(defaults)
  })

  it('takes undefined for an option that is not given', () => {
    const options = { ...required, batchRows: undefined } as unknown as RelayOptions
    expect(resolveRelayOptions(options)).toEqual(defaults)
  })

  it('takes what it is given', () => {
    expect(resolveRelayOptions({ ...required, batchRows: 1, drainTimeoutMs: 0 })).toMatchObject({
      batchRows: 1,
      drainTimeoutMs: 0,
    })
  })

  it.each(['batchRows', 'batchBytes', 'leaseMs', 'renewMs', 'pollMs', 'idlePollMs'])(
    'refuses %s 0',
    (option) => {
      expect(() => resolveRelayOptions({ ...required, [option]: 0 })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID', details: { option } }),
      )
    },
  )

  it.each([
    ['drainTimeoutMs', -1],
    ['name', ''],
    ['name', undefined],
    ['batchRows', 1.5],
    ['leaseMs', 2 ** 31],
    ['drainTimeoutMs', 2 ** 31],
  ])('refuses %s %s', (option, value) => {
    expect(() => resolveRelayOptions({ ...required, [option]: value })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option } }),
    )
  })

  it.each([
    [3_334, false],
    [3_333, true],
  ])('takes renewMs %d with leaseMs 10000: %s', (renewMs, accepted) => {
    const resolve = (): unknown => resolveRelayOptions({ ...required, renewMs })
    if (accepted) expect(resolve()).toMatchObject({ renewMs })
    else expect(resolve).toThrow(expect.objectContaining({ details: { option: 'renewMs' } }))
  })

  it.each([
    ['backoff.initialMs', { initialMs: 0, maxMs: 1 }],
    ['backoff.maxMs', { initialMs: 1, maxMs: Number.NaN }],
  ])('refuses %s of %j', (option, backoff) => {
    expect(() => resolveRelayOptions({ ...required, backoff })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option } }),
    )
  })

  it('names the option nearest to an unknown one', () => {
    const options = { ...required, batchRow: 5 }
    expect(() => resolveRelayOptions(options)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: { option: 'batchRow', nearest: 'batchRows' },
      }),
    )
  })
})

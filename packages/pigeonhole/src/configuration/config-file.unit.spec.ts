import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { configFileName, readConfigFile } from './config-file.js'
import { configTemplate } from './config-template.js'
import { relaySettings } from './relay-settings.js'
import { resolveSettings } from './resolve-settings.js'
import { sourcesOf } from './sources.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pigeonhole-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

function write(text: string, name = configFileName): void {
  writeFileSync(path.join(folder, name), text)
}

const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringMatching(message) })

describe('a configuration file', () => {
  it('counts after flags and variables, and is read by the rules of both', async () => {
    write(
      "export default { name: 'orders', brokers: ['a:1', 'b:2'], port: 0, batchRows: 7, kafkaSsl: true, databaseUrl: 'postgres://h/d' }",
    )
    const file = await readConfigFile(folder)
    const values = resolveSettings(
      relaySettings,
      sourcesOf({ flags: { batchRows: '9' }, environment: { PIGEONHOLE_NAME: 'billing' }, file }),
    )
    expect(values).toMatchObject({
      name: 'billing',
      brokers: ['a:1', 'b:2'],
      port: 0,
      batchRows: 9,
      kafkaSsl: true,
    })
  })

  it('may be left out, and may have another name', async () => {
    expect(await readConfigFile(folder)).toBeUndefined()
    write("export default { name: 'orders' }", 'other.mjs')
    expect((await readConfigFile(folder, 'other.mjs'))?.values).toEqual({ name: 'orders' })
  })

  it('is named where one of its values breaks a rule, and a secret is not shown', async () => {
    write("export default { port: 'high', databaseUrl: 'hunter2' }")
    const file = await readConfigFile(folder)
    const read = (settings: object) => () =>
      resolveSettings(settings as typeof relaySettings, sourcesOf({ flags: {}, environment: {}, file }))
    expect(read({ port: relaySettings.port })).toThrow(refused(/^port in pigeonhole\.config\.mjs is "high"/))
    expect(read({ databaseUrl: relaySettings.databaseUrl })).toThrow(refused(/^(?!.*hunter2)databaseUrl in/))
  })

  it.each([
    ['that is not there', undefined, /^There is no configuration file/],
    ['that cannot be loaded', 'export default {', /cannot be loaded: /],
    ['without settings', 'export const name = 1', /has no settings: its default export/],
    ['with a list', 'export default []', /has no settings/],
    ['with a name that is not known', 'export default { brokr: 1 }', /Did you mean "brokers"/],
  ])('%s is refused', async (_, text, message) => {
    if (text !== undefined) write(text, 'other.mjs')
    await expect(readConfigFile(folder, 'other.mjs')).rejects.toThrow(refused(message))
  })

  it('is made with each setting in it, and none set', async () => {
    write(configTemplate())
    expect((await readConfigFile(folder))?.values).toEqual({})
    for (const name of Object.keys(relaySettings)) expect(configTemplate()).toContain(`  // ${name}: `)
  })

  it('is made with a schema that is not the default, which all commands then use', async () => {
    write(configTemplate({ schema: 'Second' }))
    expect((await readConfigFile(folder))?.values).toEqual({ schema: 'Second' })
    expect(configTemplate({ schema: 'pigeonhole' })).toBe(configTemplate())
  })
})

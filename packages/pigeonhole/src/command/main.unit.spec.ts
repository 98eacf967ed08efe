import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { main } from './main.js'
import { createProgram } from './program.js'

function run(...args: readonly string[]) {
  return runIn({}, ...args)
}

async function runIn(environment: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const written = { stdout: '', stderr: '' }
  const code = await main(args, environment, {
    print: (text) => {
      written.stdout += text
    },
    warn: (text) => {
      written.stderr += text
    },
  })
  return { code, ...written }
}

/** The command lines of all commands in which one option has an empty value. */
function emptyOptions(command: Command, path: readonly string[] = []): string[][] {
  const words = command.registeredArguments.map((argument) => argument.name())
  const takers = command.options.filter((option) => option.required && option.long !== '--key-hex')
  return [
    ...takers.map(({ long }) => [...path, ...words, String(long), '']),
    ...command.commands.flatMap((under) => emptyOptions(under, [...path, under.name()])),
  ]
}

describe('pigeonhole', () => {
  it.each([['--version'], ['-V']])('%s prints the version of the package', async (flag) => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await run(flag)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('--help lists the commands', async () => {
    const { code, stdout, stderr } = await run('--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of ['relay', 'migrate', 'status'])
      expect(stdout).toMatch(new RegExp(`\n  ${command} `))
  })

  it.each([['relay', '--name', 'orders'], ['status']])(
    '%s names a variable that is misspelt beside what is missing',
    async (...args) => {
      const { code, stderr } = await runIn({ PIGEONHOLE_DATABASE_URI: 'x' }, ...args)
      expect(code).toBe(2)
      expect(stderr).toMatch(
        /PIGEONHOLE_DATABASE_URI is not known. Did you mean PIGEONHOLE_DATABASE_URL\?\nOPTION_INVALID: /,
      )
    },
  )

  it('prints its help on stderr when it is told nothing', async () => {
    const { code, stdout, stderr } = await run()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: pigeonhole')
  })

  it('help of a command names flags, variables and defaults', async () => {
    const { code, stdout } = await run('relay', '--help')
    expect(code).toBe(0)
    const lines = stdout.replaceAll(/\n {10,}/g, ' ')
    expect(lines).toMatch(/--brokers <list> .*\(PIGEONHOLE_BROKERS, KAFKA_BROKERS, needed\)/)
    expect(lines).toMatch(/--port <number> .*\(PIGEONHOLE_PORT, default 9090\)/)
    expect(stdout).not.toContain('SASL')
  })

  it.each([
    [['realy'], "unknown command 'realy'", 'relay'],
    [['status', '--jsno'], "unknown option '--jsno'", '--json'],
    [['migrate', '--shema', 'x'], "unknown option '--shema'", '--schema'],
    [['relay', '--batch-row', '5'], "unknown option '--batch-row'", '--batch-rows'],
  ])('%j is refused, with the nearest name', async (args, message, nearest) => {
    expect(await run(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `OPTION_INVALID: ${message}\n(Did you mean ${nearest}?)\n`,
    })
  })

  it('refuses an option with an empty value, of any command', async () => {
    const servers = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/no', KAFKA_BROKERS: '127.0.0.1:1' }
    const lines = emptyOptions(createProgram({}, { print: () => undefined, warn: () => undefined }))
    expect(lines.length).toBeGreaterThan(100)
    for (const args of lines)
      expect({ args, ...(await runIn(servers, ...args)) }).toEqual({
        args,
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(/^OPTION_INVALID: (--[a-z-]+ is empty: |.*Allowed choices)/),
      })
  })

  it.each([
    [['migrate', 'now'], /^OPTION_INVALID: too many arguments/],
    [['relay', '--name'], /^OPTION_INVALID: option '--name <name>' argument missing\n$/],
    [
      ['relay', '--port', '9'],
      /^OPTION_INVALID: name is needed .*: set --name <name> or PIGEONHOLE_NAME, or name in pigeonhole\.config\.mjs\. A \.env file is read where /,
    ],
    [
      ['status'],
      /^OPTION_INVALID: databaseUrl is needed .*PIGEONHOLE_DATABASE_URL or DATABASE_URL, or databaseUrl in pigeonhole\.config\.mjs\. .*'dotenv\/config', or by node --env-file=\.env /,
    ],
    [
      ['status', '--database-url', 'mysql://u:secret@h/d'],
      /^OPTION_INVALID: --database-url cannot be read: it takes a URL/,
    ],
  ])('%j is refused as a usage error', async (args, stderr) => {
    const result = await run(...args)
    expect(result).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(stderr) })
    expect(result.stderr).not.toContain('secret')
  })
})

import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { adoptSettings } from '../configuration/adopt-settings.js'
import { configFileName, configFileVariable, readConfigFile } from '../configuration/config-file.js'
import { databaseSettings } from '../configuration/database-settings.js'
import { doctorSettings } from '../configuration/doctor-settings.js'
import { inboxSettings } from '../configuration/inbox-settings.js'
import { initSettings } from '../configuration/init-settings.js'
import { relaySettings } from '../configuration/relay-settings.js'
import { reshardSettings } from '../configuration/reshard-settings.js'
import { sendSettings } from '../configuration/send-settings.js'
import type { Setting, Settings } from '../configuration/setting.js'
import type { CommandContext, Terminal } from './context.js'
import { refuseEmptyOptions } from './refuse-empty-options.js'

type Run = (context: CommandContext) => Promise<void>

/** The command line of `pigeonhole`. What a command needs is loaded when it is run. */
export function createProgram(environment: CommandContext['environment'], terminal: Terminal): Command {
  const program = new Command('pigeonhole')
    .description('Transactional outbox and inbox for PostgreSQL, Prisma and Kafka.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text),
      writeErr: (text) => terminal.warn(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'OPTION_INVALID: ')),
    })
    .addHelpText(
      'after',
      '\nEach option can be set by the variable behind it, and in a file of settings. A flag counts before its variable, a ' +
        'variable before the file.',
    )
  const define = (name: string, settings: Settings, load: () => Promise<Run>, under = program): Command => {
    const command = under.command(name).option('--verbose', 'print stacks of errors')
    for (const setting of Object.values(settings)) declare(command, setting)
    command.option(
      '--config <file>',
      `a file of settings (${configFileVariable}, default ${configFileName}, where it is there)`,
    )
    return command.action(async () => {
      refuseEmptyOptions(command)
      const flags: CommandContext['flags'] = command.opts()
      const given = flags['config'] ?? (environment[configFileVariable] || undefined)
      const file = await readConfigFile(process.cwd(), given as string | undefined)
      const run = await load()
      terminal.begun?.()
      await run({ flags, words: command.args, environment, file, terminal })
    })
  }
  define('relay', relaySettings, async () => (await import('../commands/relay.js')).relay)
    .summary('move messages from the outbox to Kafka, until it is told to stop')
    .description(
      'Moves messages from the outbox to Kafka, each exactly once, until SIGTERM or SIGINT: then it sends what is left ' +
        'and ends. Serves a page for people, /healthz, /readyz and /metrics. Several workers of one name stand by for each other.',
    )
  define('reshard', reshardSettings, async () => (await import('../commands/reshard.js')).reshardOutbox)
    .summary('divide an outbox among another number of shards, while its workers run')
    .description(
      'Divides an outbox among another number of shards. Its workers stand by for some seconds and go on with the new ' +
        'shards by themselves; no message is lost, repeated or reordered. What is committed is sent first, so it takes ' +
        'least when little waits.',
    )
    .option('--json', 'print JSON')
  defineInit(program, define)
  defineMigrate(program, define)
  define('check', databaseSettings, async () => (await import('../commands/check.js')).check)
    .summary('compare the tables with what the migrations make')
    .description(
      "Compares Pigeonhole's tables with those that the migrations of this release make, down to types, defaults, indexes and " +
        'triggers. Changes nothing. Ends with 4 where they differ or are too old.',
    )
    .option('--json', 'print JSON')
  define('status', databaseSettings, async () => (await import('../commands/status.js')).status)
    .summary('show the outbox and its shards, as the database has them')
    .description(
      'Shows the outbox and its shards, as the database has them. Ends with 4 where there is something to see to.',
    )
    .option('--json', 'print JSON')
  defineDoctor(program, define)
  define('adopt', adoptSettings, async () => (await import('../commands/adopt.js')).adoptOutbox)
    .summary('make database and Kafka agree again, after one of them was restored, copied or replaced')
    .description(
      'Shows where database and Kafka disagree and asks. Then it fences every relay of the outbox, deletes from the outbox ' +
        'what was sent, and lets the relay go on with the rest. Never run it on a copy beside the original.',
    )
    .option('--yes', 'do it without asking')
    .option(
      '--keep-cursor',
      'nothing but the identity has changed (pg_upgrade, another relay name): go on where it was',
    )
    .addOption(
      new Option(
        '--undecided <fate>',
        'what becomes of messages of compacted topics that nobody can tell whether they were sent',
      ).choices(['send', 'drop']),
    )
    .option('--json', 'print the outcome as JSON')
  defineSending(program, define)
  defineParked(program, define)
  defineInbox(program, define)
  return program
}

function defineInit(program: Command, define: Define): void {
  define('init', initSettings, async () => (await import('../commands/init.js')).init, program)
    .summary("put Pigeonhole's migrations, models and a file of settings into a Prisma project")
    .description(
      "Copies the migrations of Pigeonhole's tables into the Prisma project of this folder, named so that they run behind " +
        'those it has, and writes a file of settings. Safe to run again, and with a newer release: it adds what is missing.',
    )
    .option('--models', 'the Prisma models of the tables, too, for those who query them')
    .option('--prisma-config <file>', 'the configuration of the Prisma project (default prisma.config.ts)')
    .option('--dry-run', 'say what would be done, and write nothing')
    .option('--json', 'print JSON')
}

function defineMigrate(program: Command, define: Define): void {
  const load = async () => (await import('../commands/migrate.js')).migrateTables
  define('migrate', databaseSettings, load, program)
    .summary("bring Pigeonhole's tables up to date, for projects without Prisma")
    .description(
      "Brings Pigeonhole's tables up to date, for projects without Prisma. With --print it needs no database, and whoever owns the " +
        'tables runs what it prints; the roles then get the least that they need.',
    )
    .option('--print', 'print the SQL, which may run over tables that are there, and run nothing')
    .option('--publisher <role>', 'with --print: what a service that publishes needs')
    .option('--consumer <role>', 'with --print: what a service with an inbox needs')
    .option('--caller <role>', 'with --print: what a service with idempotency keys needs')
    .option('--relay <role>', 'with --print: what a relay needs')
    .option('--operator <role>', 'with --print: what pigeonhole adopt needs')
    .option('--json', 'print JSON')
}

type Define = (name: string, settings: Settings, load: () => Promise<Run>, under: Command) => Command

function defineDoctor(program: Command, define: Define): void {
  define('doctor', doctorSettings, async () => (await import('../commands/doctor.js')).doctor, program)
    .summary('look for settings of PostgreSQL and Kafka that would break a promise, and say how to mend them')
    .description(
      'Looks at PostgreSQL, at Kafka, or at both, and changes nothing unless it is told to create topics. Run it where the ' +
        'relay runs, with its settings and its credentials. With --verbose it also lists what is well.',
    )
    .option(
      '--relay <role>',
      'the role of the relay, whose privileges are looked at (default: the one that connects)',
    )
    .option('--owner <role>', 'the role that owns the tables and migrates them')
    .option('--publisher <role>', 'the role of a service that publishes')
    .option('--consumer <role>', 'the role of a service with an inbox')
    .option('--caller <role>', 'the role of a service with idempotency keys')
    .option('--operator <role>', 'the role that runs pigeonhole adopt')
    .option('--topics <list>', 'topics that are published to, besides those that the outbox names now')
    .option('--id-retention-ms <number>', 'idRetentionMs of the inboxes (default 2592000000, 30 days)')
    .option('--create-topics', 'create the checkpoint topic and other topics that are missing')
    .option('--json', 'print JSON')
}

function defineSending(program: Command, define: Define): void {
  define('send', sendSettings, async () => (await import('../commands/send.js')).send, program)
    .summary('publish a message through the outbox, and wait until consumers see it')
    .description(
      'Publishes a message through the outbox, in a transaction of its own, and waits until a read_committed consumer sees it. ' +
        'Prints where it lies. A relay has to run.',
    )
    .argument('<topic>', 'the topic')
    .argument('[value]', 'its value, as text')
    .option('--key <text>', 'its key (default: none)')
    .option('--tombstone', 'instead of a value, none: compaction removes what the key had before')
    .option('--timeout-ms <number>', 'how long to wait for it (default 30000)')
    .option('--json', 'print JSON')
  define('drain', databaseSettings, async () => (await import('../commands/drain.js')).drain, program)
    .summary('wait until all that was committed before is in Kafka')
    .description(
      'Waits until all that was committed before the call is confirmed by Kafka, and tells on the way how much is pending. ' +
        'Workers send it; what is parked is not waited for.',
    )
    .option('--timeout-ms <number>', 'how long to wait (default: without an end)')
    .option('--json', 'print JSON')
}

function defineParked(program: Command, define: Define): void {
  const parked = program
    .command('parked')
    .summary('list, show, send again or discard what could not be sent, or handled')
    .description(
      'Lists, shows, sends again or discards what the relay could not send; with --inbox, what an inbox could not handle.',
    )
    .helpCommand(false)
  const part = (name: 'list' | 'show' | 'retry' | 'discard'): Command =>
    define(name, databaseSettings, async () => (await import('../commands/parked/parked.js'))[name], parked)
      .option('--id <number>', 'a parked message, by its id in pigeonhole parked list --messages')
      .option('--inbox <name>', 'what this inbox could not handle, instead of what the relay could not send')
      .option('--json', 'print JSON')
  const select = (command: Command): Command =>
    command
      .option('--topic <name>', 'those of a topic')
      .option('--key <text>', 'those of a key')
      .option('--key-hex <digits>', 'those of a key that is no text')
  select(part('list'))
    .summary('list what is parked or paused')
    .description('Lists blocked keys, parked messages without a key, and paused topics.')
    .option('--messages', 'list each message')
  part('show')
    .summary('show a parked message')
    .description('Shows the parked message that --id names.')
    .option('--payload', 'print its payload and nothing else, or with --json beside the rest')
  select(part('retry'))
    .summary('have parked messages sent, or handled, again')
    .description(
      'Has parked messages sent, or handled, again, each key in its order. A key stays blocked until all of it is done.',
    )
    .option('--all', 'all that is parked')
  select(part('discard'))
    .summary('delete parked messages for good')
    .description('Deletes parked messages for good, and asks before: they are never sent, or handled.')
    .option('--all', 'all that is parked')
    .option('--yes', 'do it without asking')
}

function defineInbox(program: Command, define: Define): void {
  const inbox = program
    .command('inbox')
    .summary('show where inboxes go on, and have them handle messages again')
    .description('Shows where inboxes go on, and has them handle messages again.')
    .helpCommand(false)
  const load = async () => await import('../commands/inbox/inbox.js')
  define('positions', databaseSettings, async () => (await load()).positions, inbox)
    .summary('list where inboxes go on')
    .description('Lists the next offset of each inbox in each partition, as the database has them.')
    .option('--inbox <name>', 'those of one inbox')
    .option('--json', 'print JSON')
  define('rewind', inboxSettings, async () => (await load()).rewind, inbox)
    .summary('have an inbox handle messages again, while its consumers are stopped')
    .description(
      'Moves the positions of an inbox back and asks before. Its consumers must be stopped: one that runs would move on ' +
        'past what is to be handled again.',
    )
    .option('--inbox <name>', 'the inbox (needed)')
    .option('--group <id>', 'the consumer group that feeds it (needed)')
    .option('--topic <name>', 'the topic (needed)')
    .option('--partition <number>', 'one partition of it; default: all in which the inbox has a position')
    .option('--to-offset <number>', 'to an offset, which is handled next')
    .option('--to-time <time>', 'to the first message that is not older, such as 2026-03-01T12:00:00Z')
    .option('--to-earliest', 'to the first message that the log still has')
    .option('--forget-ids', 'have messages take effect again that the inbox knows by their id')
    .option('--keep-ids', 'have them take effect only if the inbox does not know them by their id')
    .option('--yes', 'do it without asking')
    .option('--json', 'print JSON')
}

function declare(command: Command, { flag, about, variables, fallback, required }: Setting<unknown>): void {
  if (flag === undefined) return
  const shown = fallback === undefined || fallback === false ? [] : [`default ${fallback}`]
  const notes = [...variables, ...(required ? ['needed'] : shown)].join(', ')
  command.addOption(new Option(flag, notes === '' ? about : `${about} (${notes})`))
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version
}

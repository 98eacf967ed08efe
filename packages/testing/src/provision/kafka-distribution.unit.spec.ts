import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findKafkaJars } from './kafka-distribution.js'
import { Absence } from './server-source.js'

let folder: string
let cache: string
const lines: string[] = []
const log = (line: string) => void lines.push(line)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-spec-'))
  cache = join(folder, 'pigeonhole')
  lines.length = 0
  vi.stubEnv('XDG_CACHE_HOME', folder)
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

/** Puts a program in Maven's place that counts its downloads. */
async function installMaven(download: string): Promise<void> {
  const maven = join(folder, 'mvn')
  await writeFile(
    maven,
    `#!/bin/sh\n[ "$1" = --version ] && exit\necho . >> '${folder}/downloads'\n${download}\n`,
  )
  await chmod(maven, 0o755)
}

const writeJar =
  'for last; do :; done; lib=`expr "$last" : "-DoutputDirectory=\\(.*\\)"`; mkdir -p "$lib" && echo jar > "$lib/kafka.jar"'

test('downloads once, and says so', async () => {
  await installMaven(writeJar)
  const jars = await findKafkaJars(log)
  expect(jars).toBe(join(cache, 'kafka-4.3.1', 'lib'))
  expect(await findKafkaJars(log)).toBe(jars)
  expect(await readdir(join(cache, 'kafka-4.3.1', 'lib'))).toEqual(['kafka.jar'])
  expect(await readFile(join(folder, 'downloads'), 'utf8')).toBe('.\n')
  expect(lines).toEqual([expect.stringContaining('Fetching Kafka 4.3.1')])
})

test('two downloads at once leave one whole folder', async () => {
  await installMaven(writeJar)
  const [one, other] = await Promise.all([findKafkaJars(log), findKafkaJars(log)])
  expect(one).toBe(other)
  expect(await readdir(cache)).toEqual(['kafka-4.3.1'])
})

test('a half download leaves nothing behind and tells why', async () => {
  await installMaven(`${writeJar}\necho '[ERROR] no route to the repository'\nexit 1`)
  const found = await findKafkaJars(log)
  expect(found).toBeInstanceOf(Absence)
  expect(found).toMatchObject({ reason: expect.stringContaining('no route to the repository') })
  expect(await readdir(cache)).toEqual([])
})

test('names the cure when there is no Maven', async () => {
  vi.stubEnv('PATH', folder)
  expect(await findKafkaJars(log)).toMatchObject({
    reason: expect.stringMatching(/mvn cannot be run.*apt-get install/),
  })
})

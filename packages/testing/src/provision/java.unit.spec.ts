import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findJava } from './java.js'
import { Absence } from './server-source.js'

let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'java-spec-'))
  vi.stubEnv('JAVA_HOME', home)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(home, { recursive: true })
})

async function installJava(version: string): Promise<void> {
  const java = join(home, 'bin', 'java')
  await mkdir(join(home, 'bin'))
  await writeFile(java, `#!/bin/sh\necho 'openjdk version "${version}" 2025-04-15' >&2\n`)
  await chmod(java, 0o755)
}

test('takes the Java of JAVA_HOME', async () => {
  await installJava('21.0.1')
  expect(await findJava()).toBe(join(home, 'bin', 'java'))
})

test('refuses a Java that is too old, naming it and the cure', async () => {
  await installJava('11.0.2')
  const found = await findJava()
  expect(found).toBeInstanceOf(Absence)
  expect(found).toMatchObject({
    reason: expect.stringMatching(/is Java 11, but Kafka needs 17.*apt-get install/),
  })
})

test('names the cure when there is no Java', async () => {
  expect(await findJava()).toMatchObject({ reason: expect.stringMatching(/cannot be run.*apt-get install/) })
})

import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { howToInstall } from './java.js'
import { Absence } from './server-source.js'

const execute = promisify(execFile)

/** What {@link findDistribution} fetches. */
export interface Distribution {
  /** Name and version for people. */
  readonly title: string
  /** Name of its folder in the cache, with the version. */
  readonly folder: string
  readonly size: string
  /** The `<dependencies>` of a pom. */
  readonly dependencies: string
  /** What Maven is run with, one run each, in their order. `directory` is where the folder is made. */
  readonly runs: (directory: string) => readonly (readonly string[])[]
}

/** The folder of a distribution, fetched by Maven the first time; or why it cannot be had. */
export async function findDistribution(
  distribution: Distribution,
  log: (line: string) => void,
): Promise<string | Absence> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pigeonhole')
  const home = join(cache, distribution.folder)
  if (await exists(home)) return home
  if (!(await mavenRuns())) return new Absence(`mvn cannot be run. Install Maven: ${howToInstall}`)
  log(`Fetching ${distribution.title} with Maven (about ${distribution.size}, once)`)
  await mkdir(cache, { recursive: true })
  return await fetchInto(home, distribution)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function mavenRuns(): Promise<boolean> {
  return execute('mvn', ['--version']).then(
    () => true,
    () => false,
  )
}

// Into a folder of its own, then renamed: a half download never looks like a whole one.
async function fetchInto(home: string, distribution: Distribution): Promise<string | Absence> {
  const { title, dependencies, runs } = distribution
  const partial = await mkdtemp(`${home}.partial-`)
  try {
    await writeFile(join(partial, 'pom.xml'), pom(dependencies))
    for (const args of runs(partial)) await runMaven(partial, args)
    await rename(partial, home).catch(async (error: unknown) => {
      // Another process may have been faster, and its folder serves as well.
      if (!(await exists(home))) throw error
    })
    return home
  } catch (error) {
    const output = (error as { stdout?: string }).stdout?.trim().split('\n').slice(0, 5).join('\n')
    return new Absence(`Maven could not fetch ${title} into ${home}: ${output || String(error)}`)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

async function runMaven(cwd: string, args: readonly string[]): Promise<void> {
  await execute('mvn', ['--batch-mode', '--quiet', ...args], { cwd, maxBuffer: 16 * 1024 * 1024 })
}

function pom(dependencies: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>pigeonhole</groupId>
  <artifactId>servers</artifactId>
  <version>1</version>
  <dependencies>
${dependencies}
  </dependencies>
</project>
`
}

const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

/** Copies the jars of all dependencies into a folder. */
export function copyJars(directory: string): readonly string[] {
  return [`${plugin}:copy-dependencies`, '-DincludeTypes=jar', `-DoutputDirectory=${directory}`]
}

/** Unpacks the dependencies that are `tar.gz` into a folder. */
export function unpackArchives(directory: string): readonly string[] {
  return [`${plugin}:unpack-dependencies`, '-DincludeTypes=tar.gz', `-DoutputDirectory=${directory}`]
}

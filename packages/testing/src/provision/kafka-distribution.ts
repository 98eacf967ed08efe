import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { howToInstall } from './java.js'
import { Absence } from './server-source.js'

const execute = promisify(execFile)

const version = '4.3.1'

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>pigeonhole</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

/** The folder with the jars of Kafka, fetched by Maven the first time; or why they cannot be had. */
export async function findKafkaJars(log: (line: string) => void): Promise<string | Absence> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pigeonhole')
  const home = join(cache, `kafka-${version}`)
  if (await exists(home)) return join(home, 'lib')
  if (!(await mavenRuns())) return new Absence(`mvn cannot be run. Install Maven: ${howToInstall}`)
  log(`Fetching Kafka ${version} with Maven (about 45 MB, once)`)
  await mkdir(cache, { recursive: true })
  return await fetchInto(cache, home)
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
async function fetchInto(cache: string, home: string): Promise<string | Absence> {
  const partial = await mkdtemp(`${home}.partial-`)
  try {
    await writeFile(join(partial, 'pom.xml'), pom)
    await execute('mvn', ['--batch-mode', '--quiet', copyJars, `-DoutputDirectory=${join(partial, 'lib')}`], {
      cwd: partial,
      maxBuffer: 16 * 1024 * 1024,
    })
    await rename(partial, home).catch(async (error: unknown) => {
      // Another process may have been faster, and its folder serves as well.
      if (!(await exists(home))) throw error
    })
    return join(home, 'lib')
  } catch (error) {
    const output = (error as { stdout?: string }).stdout?.trim().split('\n').slice(0, 5).join('\n')
    return new Absence(`Maven could not fetch Kafka into ${cache}: ${output || String(error)}`)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

const copyJars = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Absence } from './server-source.js'

const execute = promisify(execFile)

/** The oldest Java that Kafka 4 runs on. */
const oldestJava = 17

/** The command that runs Java 17 or newer, or why there is none. */
export async function findJava(): Promise<string | Absence> {
  const home = process.env['JAVA_HOME']
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin', 'java')
  const version = await javaVersion(java)
  if (version === undefined)
    return new Absence(`${java} cannot be run. Install Java ${oldestJava}: ${howToInstall}`)
  if (version >= oldestJava) return java
  return new Absence(
    `${java} is Java ${version}, but Kafka needs ${oldestJava}. Set JAVA_HOME, or install it: ${howToInstall}`,
  )
}

async function javaVersion(java: string): Promise<number | undefined> {
  try {
    const { stderr } = await execute(java, ['-version'])
    const major = /version "(\d+)/.exec(stderr)?.[1]
    return major === undefined ? undefined : Number(major)
  } catch {
    return undefined
  }
}

/** The commands that install what a Kafka from Maven Central needs. */
export const howToInstall = 'apt-get install openjdk-17-jre-headless maven, or: brew install openjdk@17 maven'

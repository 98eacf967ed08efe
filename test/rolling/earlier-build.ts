import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Writers } from '../relay/writers.js'

/** The relay and the writers of an earlier commit, with its own packages of ours: see scripts/earlier-build.mjs. */
export interface EarlierBuild {
  /** The version of the tables that it was made for. */
  readonly schemaVersion: number
  /** The program of a relay. */
  readonly relay: URL
  readonly writers: typeof Writers
}

const builds = new URL('./builds/', import.meta.url)
// Beside what imports from npm resolve from.
const unpacked = new URL('../dist/rolling/', import.meta.url)

/** The build of each version of the tables that there is one of, the earliest first. */
export async function earlierBuilds(): Promise<EarlierBuild[]> {
  const versions = readdirSync(builds).map((folder) => Number(folder.replace('schema-', '')))
  return Promise.all(
    versions
      .sort((a, b) => a - b)
      .map(async (schemaVersion) => ({
        schemaVersion,
        relay: unpack(schemaVersion, 'relay-process'),
        writers: (await import(unpack(schemaVersion, 'writers').href)).Writers,
      })),
  )
}

// Whole or not at all: several test processes may unpack at once.
function unpack(schemaVersion: number, program: string): URL {
  mkdirSync(unpacked, { recursive: true })
  const file = new URL(`schema-${schemaVersion}-${program}.js`, unpacked)
  const part = `${fileURLToPath(file)}.${process.pid}`
  writeFileSync(part, gunzipSync(readFileSync(new URL(`schema-${schemaVersion}/${program}.js.gz`, builds))))
  renameSync(part, file)
  return file
}

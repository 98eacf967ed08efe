// The programs that specs start by the hundred. Node takes longer to load our modules one by one than they then run until they are
// killed: what is ours is bundled, anew for each run, so that it is always what the tree holds. The rest is imported.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type InputOptions, type Plugin, rolldown } from 'rolldown'
import type { TestProject } from 'vitest/node'
import { bundledVariable, programs } from './program-path.js'

const sources = fileURLToPath(new URL('..', import.meta.url))
// Where what is imported is found.
const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))

const command = fileURLToPath(new URL('../../packages/pigeonhole/dist/bin.js', import.meta.url))

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the command `pigeonhole` is, for Node to run. */
    pigeonhole: string
  }
}

export default async function bundlePrograms(project: TestProject): Promise<() => Promise<void>> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(path.join(cache, 'programs-'))
  await bundleInto(folder, {
    input: Object.fromEntries(programs.map((program) => [program, path.join(sources, `${program}.ts`)])),
    external: (id) => !/^(@pigeonhole\/|\.|\/)/.test(id),
  })
  // What the command imports besides is found beside its own package. Of kafkajs there is to be one copy, which it finds by itself too.
  await bundleInto(folder, { input: { pigeonhole: command }, external: /^kafkajs/ })
  process.env[bundledVariable] = folder
  project.provide('pigeonhole', path.join(folder, 'pigeonhole.js'))
  return () => rm(folder, { recursive: true, force: true })
}

async function bundleInto(folder: string, input: InputOptions): Promise<void> {
  const bundle = await rolldown({ ...input, platform: 'node', plugins: [placed] })
  await bundle.write({ dir: folder, format: 'esm' })
}

/** Leaves each module where it was: it finds files and other packages from there. */
const placed: Plugin = {
  name: 'placed',
  transform: (code, id) =>
    code.includes('import.meta.url')
      ? code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
      : null,
}

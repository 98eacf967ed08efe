// The programs that specs start by the hundred. Node takes longer to load our modules one by one than they then run until they are
// killed: what is ours is bundled, anew for each run, so that it is always what the tree holds. The rest is imported.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'
import { bundledVariable, programs } from './program-path.js'

const sources = fileURLToPath(new URL('..', import.meta.url))
// Where what is imported is found.
const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))

export default async function bundlePrograms(): Promise<() => Promise<void>> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(path.join(cache, 'programs-'))
  const bundle = await rolldown({
    input: Object.fromEntries(programs.map((program) => [program, path.join(sources, `${program}.ts`)])),
    platform: 'node',
    external: (id) => !/^(@pigeonhole\/|\.|\/)/.test(id),
    plugins: [placed],
  })
  await bundle.write({ dir: folder, format: 'esm' })
  process.env[bundledVariable] = folder
  return () => rm(folder, { recursive: true, force: true })
}

/** Leaves each module where it was: it finds files and other packages from there. */
const placed: Plugin = {
  name: 'placed',
  transform: (code, id) =>
    code.includes('import.meta.url')
      ? code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
      : null,
}

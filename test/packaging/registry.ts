import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { execute, type Packed } from './packed.js'

/** A registry that npm installs from: it has our packages, and sends npm to its usual one for all others. */
export interface Registry extends AsyncDisposable {
  readonly url: string
}

/** Serves packages that were packed into `folder`. */
export async function serveRegistry(folder: string, packages: readonly Packed[]): Promise<Registry> {
  const usual = (await execute('npm', ['config', 'get', 'registry'])).stdout.trim()
  const server = createServer((request, response) => {
    answer(decodeURIComponent(request.url ?? '').slice(1), response).catch((error: Error) =>
      response.destroy(error),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  async function answer(path: string, response: ServerResponse): Promise<void> {
    const asked = packages.find(({ name }) => name === path)
    const file = packages.find((packed) => packed.file === path)?.file
    if (file !== undefined) response.end(await readFile(join(folder, file)))
    else if (asked)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(await describe(asked)))
    else response.writeHead(302, { location: new URL(path.replace('/', '%2f'), usual).href }).end()
  }

  async function describe({ name, manifest, file }: Packed): Promise<object> {
    const digest = createHash('sha512')
      .update(await readFile(join(folder, file)))
      .digest('base64')
    const version = { ...manifest, dist: { tarball: url + file, integrity: `sha512-${digest}` } }
    return { name, 'dist-tags': { latest: manifest.version }, versions: { [manifest.version]: version } }
  }

  return {
    url,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

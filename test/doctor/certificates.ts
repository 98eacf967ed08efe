import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** An authority of a test's own, and a certificate for 127.0.0.1 that it has signed. */
export interface Certificates extends AsyncDisposable {
  /** The file with the authority's certificate. */
  readonly authorityFile: string
  readonly certificate: string
  readonly key: string
}

/** Makes them with the `openssl` that is installed. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'pigeonhole-tls-'))
  const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', [...args], { cwd: folder })
  const making = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
  await openssl(...making, '-subj', '/CN=An authority', '-keyout', 'ca.key', '-out', 'ca.pem')
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE']
  const name = ['-subj', '/CN=kafka', '-addext', 'subjectAltName=IP:127.0.0.1']
  await openssl(...making, ...name, ...signing, '-keyout', 'kafka.key', '-out', 'kafka.pem')
  const read = (file: string) => readFile(join(folder, file), 'utf8')
  return {
    authorityFile: join(folder, 'ca.pem'),
    certificate: await read('kafka.pem'),
    key: await read('kafka.key'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

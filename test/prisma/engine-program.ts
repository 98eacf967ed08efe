// Prisma's schema engine as the program that `prisma migrate` starts: the same calls, one JSON-RPC message a line, answered by the
// engine's WebAssembly. The binary is fetched from outside when Prisma is installed; this one comes with a package.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { quietPool } from '../postgres/quiet-pool.js'
import { EnginePg } from './engine-pg.js'
import { openWasmEngine } from './wasm-engine.js'

interface Call {
  readonly id: number
  readonly method: string
  readonly params?: object
}

const { values, positionals } = parseArgs({
  options: {
    datamodels: { type: 'string', multiple: true, default: [] },
    datasource: { type: 'string', default: '{}' },
    'enabled-preview-features': { type: 'string' },
  },
  allowPositionals: true,
})
const { url = '', shadowDatabaseUrl } = JSON.parse(values.datasource) as {
  readonly url?: string
  readonly shadowDatabaseUrl?: string
}

if (positionals[0] === 'cli') await runCommand(positionals[1])
else await answerCalls()

async function runCommand(name: string | undefined): Promise<void> {
  if (name !== 'can-connect-to-database') throw new Error(`${name} is not in this engine`)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.end()
}

async function answerCalls(): Promise<void> {
  const pool = quietPool(url)
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line) as Call
    const answer = await call(pool, method, params).then((result) => ({ result }), failure)
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`)
  }
  await pool.end()
}

function readModels(): [path: string, content: string][] {
  return values.datamodels.map((file) => [file, readFileSync(file, 'utf8')])
}

// One engine for each call: behind migrations that it has applied, an engine finds its shadow database no more.
async function call(pool: pg.Pool, method: string, params: object | undefined): Promise<unknown> {
  const adapter = new EnginePg(pool, shadowDatabaseUrl ? { shadowUrl: shadowDatabaseUrl } : {})
  const engine = await openWasmEngine(readModels(), adapter)
  const run = (name: string): Promise<unknown> => {
    const answer = (engine as unknown as Record<string, (params?: object) => Promise<unknown>>)[name]
    if (!answer) throw new Error(`${name} is not in this engine`)
    return answer.call(engine, params)
  }
  try {
    // These two find it only behind a diagnosis, which the command has made of another engine.
    if (method === 'evaluateDataLoss' || method === 'createMigration') await run('devDiagnostic')
    return (await run(method === 'getDatabaseVersion' ? 'version' : method)) ?? {}
  } finally {
    engine.free()
  }
}

function failure(error: unknown): object {
  const { message, code } = error as { readonly message: string; readonly code?: string }
  const data = { is_panic: false, message, ...(code && { error_code: code }) }
  return { error: { code: 4466, message, data } }
}

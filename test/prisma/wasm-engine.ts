import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import type { EnginePg } from './engine-pg.js'

/** Prisma's migration engine for the files of a schema, over an adapter's connections. */
export function openWasmEngine(
  datamodels: [path: string, content: string][],
  adapter: EnginePg,
): Promise<bindings.SchemaEngine> {
  instantiate()
  const factory = bindMigrationAwareSqlAdapterFactory(adapter)
  return bindings.SchemaEngine.new({ datamodels }, () => undefined, factory)
}

/** What Node has and neither its types nor our `lib` declare. */
interface WithWebAssembly {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (module: object, imports: object) => { readonly exports: Exports }
  }
}

interface Exports {
  __wbindgen_start(): void
}

let instantiated = false

// The package is made for bundlers: what they do with its import of a .wasm file is done here by hand.
function instantiate(): void {
  if (instantiated) return
  instantiated = true
  const { WebAssembly } = globalThis as unknown as WithWebAssembly
  const main = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const bytes = readFileSync(join(dirname(main), 'schema_engine_bg.wasm'))
  const imports = { './schema_engine_bg.js': bindings }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
  const loader = bindings as unknown as { __wbg_set_wasm(exports: Exports): void }
  loader.__wbg_set_wasm(exports)
  exports.__wbindgen_start()
}

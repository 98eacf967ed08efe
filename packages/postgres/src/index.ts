export { driverError } from './errors/driver-error.js'
export { type SqlStateFault, sqlStateError, storeUnavailable } from './errors/sql-state-error.js'
export {
  type IdempotencyMethods,
  type SqlIdempotencyParts,
  sqlIdempotencyStore,
} from './idempotency/sql-idempotency-store.js'
export { type SqlInboxParts, sqlInboxStore } from './inbox/sql-inbox-store.js'
export { type MigrateOptions, type MigrateResult, migrate } from './migrations/migrate.js'
export { type Migration, renderMigrations, renderModels } from './migrations/render.js'
export type { ReportedError, ReportedShard, ShardReport, ShardReports } from './monitor/shard-reports.js'
export { type SessionOf, sqlOutboxStore } from './outbox/sql-outbox-store.js'
export { withDeadline } from './pg/deadline.js'
export { type PostgresStore, type PostgresStoreOptions, postgresStore } from './pg/postgres-store.js'
export { grantsFor, type NeededPrivileges, privilegesOf, type RolePart } from './privileges/grants.js'
export { requiredSchemaVersion } from './schema/check-schema-version.js'
export { defaultSchema, quoteSchema } from './schema/schema-name.js'
export type { CatalogLine } from './sql/catalog/select-tables.js'
export { boundTransaction } from './sql/server/set-timeouts.js'
export {
  run as runStatement,
  type SqlExecutor,
  type SqlRow,
  type SqlSession,
  type SqlValue,
  type Statement,
} from './sql/statement.js'
export { type CheckTablesOptions, checkTables, listTables, type TablesReport } from './tables/check-tables.js'

export {
  type MigrateOptions,
  type MigrateResult,
  type Migration,
  migrate,
  type PostgresStore,
  type PostgresStoreOptions,
  postgresStore,
  renderMigrations,
  renderModels,
  requiredSchemaVersion,
} from '@pigeonhole/postgres'

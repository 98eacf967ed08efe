import type { SqlExecutor, SqlRow } from './statement.js'

interface PlanNode {
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Join Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly PlanNode[]
}

/** Runs statements of a transaction on another executor, and counts the rows that the steps of their plans pass on or reject. */
export class RowsVisited implements SqlExecutor {
  readonly #executor: SqlExecutor
  /** In all statements so far. */
  rows = 0

  constructor(executor: SqlExecutor) {
    this.#executor = executor
  }

  // Explained first, and undone: what it returns is read by the statement itself.
  async query(...[text, values]: Parameters<SqlExecutor['query']>): Promise<readonly SqlRow[]> {
    await this.#executor.query('SAVEPOINT explained', [])
    const explained = await this.#executor.query(`EXPLAIN (ANALYZE, TIMING off, FORMAT JSON) ${text}`, values)
    await this.#executor.query('ROLLBACK TO SAVEPOINT explained', [])
    for (const row of explained) {
      const [{ Plan }] = JSON.parse(String(row['QUERY PLAN'])) as [{ readonly Plan: PlanNode }]
      this.rows += visitedBy(Plan)
    }
    return this.#executor.query(text, values)
  }
}

function visitedBy(node: PlanNode): number {
  const each =
    (node['Actual Rows'] ?? 0) +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0)
  const below = (node.Plans ?? []).map(visitedBy)
  return below.reduce((sum, rows) => sum + rows, each * (node['Actual Loops'] ?? 1))
}

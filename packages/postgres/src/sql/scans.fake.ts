import type pg from 'pg'
import type { Statement } from './statement.js'

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** A way in which a statement went through a table. */
export interface TableScan {
  readonly table: string
  /** An index, or a kind of scan. */
  readonly by: string
  /** How many rows it looked at, in all. */
  readonly rows: number
}

/** Runs a statement and tells how it went through its tables. */
export async function scansOf<P>(
  pool: pg.Pool,
  statement: Statement<P, unknown>,
  params: P,
): Promise<TableScan[]> {
  const text = `EXPLAIN (ANALYZE, FORMAT JSON) ${statement.text('"pigeonhole"')}`
  const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(text, [...statement.bind(params)])
  const nodes: PlanNode[] = []
  const visit = (node: PlanNode): void => {
    nodes.push(node)
    node.Plans?.forEach(visit)
  }
  for (const row of rows) visit(row['QUERY PLAN'][0].Plan)
  return nodes
    .filter((node) => / Scan/.test(node['Node Type']) && !/CTE|Subquery/.test(node['Node Type']))
    .map((node) => ({
      table: node['Relation Name'] ?? '',
      by: node['Index Name'] ?? node['Node Type'],
      rows:
        ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * (node['Actual Loops'] ?? 1),
    }))
}

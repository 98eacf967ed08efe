import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from '../docs/interface-docs.js'

export interface Target {
  readonly expr: string
  /** The name of a series, with labels as `{{label}}`. */
  readonly legendFormat: string
}

export interface Panel {
  readonly id: number
  readonly title: string
  readonly targets: readonly Target[]
}

const file = path.join(root, 'packages/pigeonhole/monitoring/dashboard.json')

/** The panels of the dashboard that comes with the package. */
export const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { panels: readonly Panel[] }

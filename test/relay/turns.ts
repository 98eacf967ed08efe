import type { Point } from './points.js'

/** Points at which processes of one lab are killed one behind the other, and what a test calls them. */
export type Turn<P extends Point = Point> = readonly [name: string, points: readonly P[]]

/** How points are divided. */
export interface Division {
  /** Points of a turn at most. Default: 8. */
  readonly most?: number
  /** Points that have a turn of their own, by their names: what is done by then is done for good. Default: none. */
  readonly alone?: RegExp
}

/**
 * The points in turns, in their order; a COMMIT that was answered ends its turn. Of a turn, whoever is killed leaves the next one to
 * begin where it began itself. One lab for each turn: a lab, its topics and the comparison at its end take longer than a kill.
 */
export function turns<P extends Point>(points: readonly P[], { most = 8, alone }: Division = {}): Turn<P>[] {
  const parts: P[][] = []
  let part: P[] = []
  for (const point of points) {
    const isAlone = alone?.test(nameOf(point)) ?? false
    if (isAlone) part = []
    if (part.length === 0) parts.push(part)
    part.push(point)
    if (isAlone || part.length === most || point.point.endsWith(':committed')) part = []
  }
  return parts.map((turn) => [turn.map(nameOf).join(', '), turn])
}

function nameOf({ point, occurrence }: Point): string {
  return occurrence === 1 ? point : `${point} (${occurrence})`
}

/**
 * The members of `sequence` that come behind a member of a higher order: those that are late.
 * In 1 2 4 3 5 only 3 is.
 */
export function latecomers<T>(sequence: readonly T[], orderOf: (member: T) => number | bigint): T[] {
  let highest: number | bigint | undefined
  return sequence.filter((member) => {
    const order = orderOf(member)
    const late = highest !== undefined && order < highest
    if (!late) highest = order
    return late
  })
}

/** The members of `list` by what `groupOf` says, in their order. */
export function groupBy<T>(list: readonly T[], groupOf: (member: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const member of list) {
    const name = groupOf(member)
    const group = groups.get(name)
    if (group) group.push(member)
    else groups.set(name, [member])
  }
  return groups
}

/** Whether `a` comes before (negative) or after (positive) `b`. Numbers and bigints mix. */
export function compareOrder(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** One bench's result: how much of the baseline's rate is ours. */
export interface Comparison {
  readonly name: string
  /** Median of the runs, in `unit`. */
  readonly ours: number
  /** Median of the runs, in `unit`. */
  readonly baseline: number
  /** Median of the ratios of each pair, so that a machine that drifts slows both sides of a pair. */
  readonly ratio: number
  readonly unit: string
  /** What the baseline is, and with which settings it is at its best. */
  readonly against: string
}

/** What a comparison is made of. Both return a rate: more is better. */
export interface Contest {
  readonly name: string
  readonly unit: string
  readonly against: string
  readonly pairs: number
  ours(): Promise<number>
  baseline(): Promise<number>
}

/** Runs both sides in turn, in pairs, after one that does not count. */
export async function compare({ name, unit, against, pairs, ours, baseline }: Contest): Promise<Comparison> {
  const runs: { ours: number; baseline: number }[] = []
  for (let pair = 0; pair <= pairs; pair++) {
    const run = { baseline: await baseline(), ours: await ours() }
    process.stderr.write(
      `${name}: pair ${pair} of ${pairs}, ours ${round(run.ours)}, baseline ${round(run.baseline)} ${unit}\n`,
    )
    if (pair > 0) runs.push(run)
  }
  return {
    name,
    ours: round(medianOf(runs.map((run) => run.ours))),
    baseline: round(medianOf(runs.map((run) => run.baseline))),
    ratio: Number(medianOf(runs.map((run) => run.ours / run.baseline)).toFixed(3)),
    unit,
    against,
  }
}

/** The middle of `values`, or the mean of both in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2
}

/** As many digits as the noise leaves. */
export function round(value: number): number {
  return Number(value.toPrecision(value >= 1_000 ? 4 : 3))
}

/** A snapshot as PostgreSQL has it: what had ended below `xmax`, except `running`, is visible. */
export interface Snapshot {
  readonly xmax: number
  readonly running: readonly number[]
}

/** PostgreSQL's text form: xmin:xmax:xip. */
export function formatSnapshot({ xmax, running }: Snapshot): string {
  return `${Math.min(xmax, ...running)}:${xmax}:${running.join(',')}`
}

export function parseSnapshot(text: string): Snapshot {
  const [, xmax = '1', running = ''] = text.split(':')
  return { xmax: Number(xmax), running: running === '' ? [] : running.split(',').map(Number) }
}

/** Whether the transaction `xid` is visible in a snapshot, given as text. */
export function isVisible(xid: number, text: string): boolean {
  const { xmax, running } = parseSnapshot(text)
  return xid < xmax && !running.includes(xid)
}

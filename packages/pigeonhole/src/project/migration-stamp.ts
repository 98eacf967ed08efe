// Names of migrations begin with 14 digits: a time, to the second. Prisma 7 compares names by the rules of a language (localeCompare),
// in which `_` comes before digits and letters behind them; by bytes `_` comes behind digits. Stamps that differ in a digit are in
// order either way.
const digits = 14

// What shorter ones are filled up with: the first of January.
const firstTime = '00000101000000'

// Behind this there is room for the migrations of all releases, and no valid time.
const lastStamp = '99999999990000'

/**
 * The least stamp with which a name comes behind `folder`; undefined where none does: before it are letters, or nothing but nines.
 */
export function stampBehind(folder: string): string | undefined {
  const head = new RegExp(`^\\d{0,${digits}}`).exec(folder)?.[0] ?? ''
  if (head === '') return folder.localeCompare('0') < 0 ? firstTime : undefined
  const next = String(Number(head) + 1).padStart(head.length, '0')
  const stamp = next + firstTime.slice(next.length)
  return next.length > head.length || stamp > lastStamp ? undefined : stamp
}

/** The stamp of the next second, or the first valid one from `least` on where that is later. */
export function stampFrom(least: string, now: Date): string {
  const time = stampOf(Math.max(now.getTime() + 1_000, timeOf(least)))
  // Digits that are no time, as of a month 0 or behind the year 9999, are counted on as a number.
  return time.length === digits && time >= least ? time : least
}

function timeOf(stamp: string): number {
  const [, year, month, day, hours, minutes, seconds] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(stamp)?.map(Number) ?? []
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hours, minutes, seconds)
}

function stampOf(time: number): string {
  return new Date(time)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')
}

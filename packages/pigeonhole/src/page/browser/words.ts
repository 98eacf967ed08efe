/** A length of time, as people read it. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A number with its thousands apart. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** A number of things. */
export function count(value: number, one: string, many: string): string {
  return `${grouped(value)} ${value === 1 ? one : many}`
}

/** A moment, by the clock of who looks. */
export function moment(time: number | string): string {
  return new Date(time).toLocaleString('sv')
}

/** A database without the credentials in its URL: what may be logged. */
export function describeDatabase(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}

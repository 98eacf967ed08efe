/** How the text of a setting is read. */
export interface Format<T> {
  /** What it takes, as an error says it: "it takes …". */
  readonly rule: string
  /** The value of `text`; undefined when it breaks the rule. */
  readonly read: (text: string) => T | undefined
}

/** Any text, and some: what is empty names nothing. */
export const text: Format<string> = {
  rule: 'text that is not empty',
  read: (given) => (given === '' ? undefined : given),
}

/** A secret that goes into a header. */
export const token: Format<string> = {
  rule: 'at least 16 letters, digits and -._~+/',
  read: (given) => (/^[A-Za-z0-9._~+/-]{16,}=*$/.test(given) ? given : undefined),
}

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Format<T> {
  return { rule: `one of ${words.join(', ')}`, read: (given) => words.find((word) => word === given) }
}

/** Yes or no. */
export const yesOrNo: Format<boolean> = {
  rule: 'true or false',
  read: (given) =>
    new Map([
      ['true', true],
      ['1', true],
      ['false', false],
      ['0', false],
    ]).get(given),
}

/** A whole number. */
export function wholeNumber({ min, max }: { readonly min: number; readonly max?: number }): Format<number> {
  const end = max ?? Number.MAX_SAFE_INTEGER
  return {
    rule: max === undefined ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`,
    read(given) {
      const value = /^-?\d+$/.test(given) ? Number(given) : Number.NaN
      return value >= min && value <= end ? value : undefined
    },
  }
}

/** Addresses of servers, separated by commas. */
export const addresses: Format<readonly string[]> = {
  rule: 'addresses of the form host:port, separated by commas',
  read(given) {
    const list = given.split(',').map((address) => address.trim())
    return list.every((address) => /^(\[[0-9a-fA-F:.]+\]|[^\s:]+):\d{1,5}$/.test(address)) ? list : undefined
  },
}

/** The URL of a PostgreSQL database. */
export const postgresUrl: Format<string> = {
  rule: 'a URL of the form postgresql://user:password@host:5432/database',
  read: (given) => (/^postgres(ql)?:\/\/./.test(given) && URL.canParse(given) ? given : undefined),
}

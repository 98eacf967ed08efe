/** What is known of `K`. */
export type Given<V, K extends keyof V> = { readonly [P in K]?: NonNullable<V[P]> }

/** What was configured of `keys`; the rest is left to the defaults of where it goes. */
export function given<V extends object, const K extends keyof V>(values: V, keys: readonly K[]): Given<V, K> {
  const entries = keys.map((key) => [key, values[key]] as const).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Given<V, K>
}

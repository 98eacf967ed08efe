import { canonicalJson, type FingerprintInput } from '@pigeonhole/core'

/**
 * Takes bodies for the same whose JSON is (`bodyInput: sameJson`): however its properties are ordered, its spaces set and its numbers
 * written (`canonicalJson` of `pigeonhole`). What is no JSON, or has no canonical form, is told by its bytes.
 */
export function sameJson(body: Uint8Array): FingerprintInput {
  try {
    return canonicalJson(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return body
  }
}

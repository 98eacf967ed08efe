/** Bytes as a parameter that every driver passes alike. */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** As {@link base64}, where there may be none. */
export function base64OrNull(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : base64(bytes)
}

/** Bytes that a statement has encoded. PostgreSQL breaks long ones into lines, which are skipped. */
export function bytesFromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

/** As {@link bytesFromBase64}, where there may be none. */
export function bytesOrNullFromBase64(text: string | null): Uint8Array | null {
  return text === null ? null : bytesFromBase64(text)
}

/**
 * An id that does not look like a count. The form is the reference platform's: `r`, base64url of the
 * id plus a million, `x`.
 */
export function hashedId(id: number): string {
  return `r${Buffer.from(String(id + 1_000_000)).toString('base64url')}x`;
}

/** Names for a secret, or for a key of it, where its own name has characters that are not allowed. */

/** A variable of an environment: `PAYMENTS_DB_PASSWORD`. */
export const variableName = (...parts: readonly string[]): string => identifier(parts).toUpperCase()

/** An identifier of Terraform, or of most languages: `payments_db_password`. */
export function identifier (parts: readonly string[]): string {
  const name = parts.join('_').replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  return /^[A-Za-z]/.test(name) ? name : `_${name}`
}

/** The most characters that Kubernetes takes in a name. */
const longestName = 253

/** The name of a Kubernetes object (RFC 1123): `payments-db`. */
export function objectName (name: string): string {
  const safe = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, longestName).replace(/^-+|-+$/g, '')
  return safe === '' ? 'secret' : safe
}

/** A key in the data of a Kubernetes Secret: `password`. */
export function dataKey (field: string): string {
  const safe = field.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, longestName)
  return /^\.*$|^\.\./.test(safe) ? `_${safe}` : safe
}

/**
 * Functions that turn a secret's name, or a key of its value, into a name that another tool accepts. Such tools allow fewer
 * characters in names.
 */

/** Returns the name of an environment variable, for example `PAYMENTS_DB_PASSWORD`. */
export const variableName = (...parts: readonly string[]): string => identifier(parts).toUpperCase()

/** Returns an identifier for Terraform and most programming languages, for example `payments_db_password`. */
export function identifier (parts: readonly string[]): string {
  const name = parts.join('_').replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  return /^[A-Za-z]/.test(name) ? name : `_${name}`
}

/** The maximum length of a name in Kubernetes, in characters. */
const longestName = 253

/** Returns the name of a Kubernetes object (RFC 1123), for example `payments-db`. */
export function objectName (name: string): string {
  const safe = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, longestName).replace(/^-+|-+$/g, '')
  return safe === '' ? 'secret' : safe
}

/** Returns a key in the data of a Kubernetes Secret, for example `password`. */
export function dataKey (field: string): string {
  const safe = field.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, longestName)
  return /^\.*$|^\.\./.test(safe) ? `_${safe}` : safe
}

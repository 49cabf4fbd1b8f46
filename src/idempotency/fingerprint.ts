import { createHmac } from 'node:crypto'
import { isJsonObject } from '#src/json/lossless'
import { forEachInTurns } from '#src/scheduling/turns'
import type { Scope } from '#src/secrets/scope'

/** Returns the name under which a request's idempotency key is recorded. A key belongs to a caller and an environment. */
export const keyName = ({ callerId, environment }: Scope, idempotencyKey: string): string =>
  JSON.stringify([callerId, environment.name, idempotencyKey])

/**
 * Returns the fingerprint of a request's credential and body. It is an HMAC, so without the HMAC's key it reveals nothing about
 * the body's values, and guesses can't be checked against it. The order of the body's members does not affect it.
 */
export async function fingerprintOf ({ credentialId }: Scope, body: object, key: Uint8Array): Promise<string> {
  const hmac = createHmac('sha256', key).update(credentialId)
  await forEachInTurns(canonical(body), (piece) => { hmac.update(piece) })
  return hmac.digest('base64')
}

/** Yields a body's JSON in pieces, independent of the order of its members. A long list is yielded item by item. */
function* canonical (body: object): Generator<string> {
  for (const [name, member] of sortedEntries(body)) {
    yield JSON.stringify(name)
    if (!Array.isArray(member)) {
      yield sortedJson(member)
      continue
    }
    yield '['
    for (const item of member) yield sortedJson(item)
    yield ']'
  }
}

const sortedEntries = (object: object): [string, unknown][] =>
  Object.entries(object).sort(([one], [other]) => one < other ? -1 : 1)

const sortedJson = (value: unknown): string => JSON.stringify(value, (_name, member: unknown) =>
  isJsonObject(member) ? Object.fromEntries(sortedEntries(member)) : member)

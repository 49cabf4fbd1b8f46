import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import type { Monotonic } from '#src/clock'
import { fetchJson } from './fetch-text.ts'
import { unavailable } from './refusal.ts'

/** The minimum number of milliseconds between two attempts to fetch keys, successful or not. */
export const cooldown = 30_000

/** Milliseconds after which keys are fetched again, so that a revoked key is dropped soon. */
export const refreshAfter = 10 * 60_000

/** Milliseconds for which keys stay in use while they can't be fetched again. */
export const maximumAge = 60 * 60_000

/** The location of an issuer's keys: `jwksUri` or, if absent, the URL in its OpenID Connect discovery document. */
export interface KeySource {
  issuer: string
  jwksUri?: string
}

/**
 * Creates the key lookup of an issuer. Keys are fetched on first use, and again when they are old or do not include a token's
 * key. The cooldown limits the fetches, so neither tokens with made-up key IDs nor an outage causes a flood of requests. While
 * the issuer is down, the last keys are used for up to an hour.
 *
 * @param monotonic measures the age of the keys and the cooldown
 * @returns a function that finds a token's key. If the issuer does not have the key, the function throws jose's
 *   `JWKSNoMatchingKey`. If the issuer may have the key, but its keys can't be fetched, the function throws Problem
 *   `identity-provider-unavailable`.
 */
export function keySet (source: KeySource, monotonic: Monotonic): JWTVerifyGetKey {
  let held: { find: JWTVerifyGetKey, since: number } | undefined
  let attempt: { at: number, done: Promise<void> } | undefined
  let failing = false
  let jwksUri: string | undefined

  const isWithin = (moment: number | undefined, milliseconds: number): boolean =>
    moment !== undefined && monotonic() - moment < milliseconds

  async function fetchKeys (): Promise<void> {
    try {
      const { createLocalJWKSet } = await import('jose')
      jwksUri ??= source.jwksUri ?? await discover(source.issuer)
      held = { find: createLocalJWKSet(usableKeys(await fetchJson(jwksUri))), since: monotonic() }
      failing = false
    } catch {
      // The URL may have changed, so the next fetch reads the discovery document again.
      jwksUri = undefined
      failing = true
    }
  }

  /**
   * Fetches the keys, or waits for the last attempt if the cooldown has not ended. Attempts don't overlap, because their requests
   * time out before the cooldown ends. After a failed attempt, only the caller that starts the next attempt waits for it, because
   * the issuer may still be down.
   */
  async function refresh (): Promise<void> {
    const last = attempt
    if (last === undefined || !isWithin(last.at, cooldown)) attempt = { at: monotonic(), done: fetchKeys() }
    if (attempt !== last || !failing) await attempt?.done
  }

  return async (header, token) => {
    if (!isWithin(held?.since, refreshAfter)) {
      const refreshed = refresh()
      // While there are usable keys, nobody waits for an issuer that is down.
      if (!failing || !isWithin(held?.since, maximumAge)) await refreshed
    }
    if (held === undefined || !isWithin(held.since, maximumAge)) throw unavailable('no-keys')
    try {
      return await held.find(header, token)
    } catch (error) {
      const { errors } = await import('jose')
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    }
    await refresh()
    if (failing) throw unavailable('no-such-key')
    return held.find(header, token)
  }
}

/** Returns the keys' URL from the discovery document. @throws Error if the document can't be used or names another issuer */
async function discover (issuer: string): Promise<string> {
  const document = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const { issuer: named, jwks_uri: jwksUri } = Object(document) as { issuer?: unknown, jwks_uri?: unknown }
  if (named !== issuer || typeof jwksUri !== 'string') throw new Error('a discovery document of another issuer, or without keys')
  return jwksUri
}

/**
 * Returns the fetched keys.
 *
 * @throws Error if there are none. An empty key set is the issuer's mistake, so the previously fetched keys stay in use.
 */
function usableKeys (document: unknown): JSONWebKeySet {
  const { keys } = Object(document) as Partial<JSONWebKeySet>
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('no keys')
  return { keys }
}

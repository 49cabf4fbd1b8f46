import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { fetchJson } from './fetch-text.ts'
import { unavailable } from './refusal.ts'

/** Milliseconds between two attempts to fetch keys, whatever came of the first. */
const cooldown = 30_000

/** Milliseconds after which keys are fetched again, so that one that the issuer has withdrawn is not held for long. */
const fresh = 10 * 60_000

/** Milliseconds that keys are used at most where the issuer does not answer. */
const usable = 60 * 60_000

/** Where an issuer's keys are: at `jwksUri`, or where its discovery document says (OpenID Connect Discovery 1.0). */
export interface KeySource {
  issuer: string
  jwksUri?: string
}

/**
 * An issuer's signing keys. They are fetched when they are first needed, and again when they are old or lack a token's key, but
 * not more often than the cooldown allows: neither tokens with made-up key IDs nor an outage make the gateway ask again and
 * again. While the issuer is down, the last good keys are used for an hour.
 *
 * @param now milliseconds since the epoch
 * @returns what finds a token's key; throws the problem `identity-provider-unavailable` where it can't know
 */
export function keySet (source: KeySource, now: () => number): JWTVerifyGetKey {
  let held: { find: JWTVerifyGetKey, since: number } | undefined
  let attempt: { at: number, done: Promise<void> } | undefined
  let failing = false
  let jwksUri: string | undefined

  // Also a clock that was set back makes keys old.
  const isWithin = (moment: number | undefined, milliseconds: number): boolean =>
    moment !== undefined && Math.abs(now() - moment) < milliseconds

  async function fetchKeys (): Promise<void> {
    try {
      jwksUri ??= source.jwksUri ?? await discover(source.issuer)
      held = { find: createLocalJWKSet(usableKeys(await fetchJson(jwksUri))), since: now() }
      failing = false
    } catch {
      // It may have moved.
      jwksUri = undefined
      failing = true
    }
  }

  /** An attempt that is under way is waited for: it takes less time than the cooldown. */
  async function refresh (): Promise<void> {
    if (attempt === undefined || !isWithin(attempt.at, cooldown)) attempt = { at: now(), done: fetchKeys() }
    await attempt.done
  }

  return async (header, token) => {
    if (!isWithin(held?.since, fresh)) {
      const refreshed = refresh()
      // Nobody waits for an issuer that is known to be down while there are keys to go by.
      if (!failing || !isWithin(held?.since, usable)) await refreshed
    }
    if (held === undefined || !isWithin(held.since, usable)) throw unavailable('no-keys')
    try {
      return await held.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    }
    await refresh()
    if (failing) throw unavailable('no-such-key')
    return held.find(header, token)
  }
}

/** @throws Error where the issuer has no discovery document, or one of another issuer */
async function discover (issuer: string): Promise<string> {
  const document = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const { issuer: named, jwks_uri: jwksUri } = Object(document) as { issuer?: unknown, jwks_uri?: unknown }
  if (named !== issuer || typeof jwksUri !== 'string') throw new Error('a discovery document of another issuer, or without keys')
  return jwksUri
}

/** @throws Error where there is no key: rather the issuer's mistake than its wish to have nobody let in */
function usableKeys (document: unknown): JSONWebKeySet {
  const { keys } = Object(document) as Partial<JSONWebKeySet>
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('no keys')
  return { keys }
}

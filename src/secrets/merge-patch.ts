import { setTimeout } from 'node:timers/promises'
import { monotonic } from '#src/clock'
import type { SecretName } from '#src/environments/names'
import { isJsonObject } from '#src/json/lossless'
import { invalidRequest, isProblem, Problem } from '#src/problems/problem'
import { compareAndSet } from './compare-and-set.ts'
import { readExpecting, underPrecondition, type Precondition } from './precondition.ts'
import { readSecret } from './read.ts'
import type { WrittenSecret } from './schemas.ts'
import { assertMay, type Scope } from './scope.ts'
import { parseObject, parseValue } from './value.ts'

type Json = Record<string, unknown>

/**
 * Applies a JSON merge patch (RFC 7396). Null removes a member, an object is merged, and any other value replaces the existing
 * one.
 */
export function mergePatch (target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch
  const merged = new Map(Object.entries(isJsonObject(target) ? target : {}))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else merged.set(key, mergePatch(merged.get(key), value))
  }
  return Object.fromEntries(merged)
}

/**
 * The maximum number of attempts if other writers interfere. Each attempt reads the value, writes a version and moves a label.
 */
const maximumAttempts = 10

/**
 * The milliseconds after which no further attempt begins. This is the default deadline of a single call to AWS. An attempt can
 * take several seconds, because a read that returns an outdated version is repeated.
 */
const timeout = 10_000

/** Returns the delay before the next attempt, in milliseconds: exponential backoff with full jitter. */
const pause = (attempts: number): number => Math.random() * Math.min(1_000, 25 * 2 ** attempts)

/**
 * Changes individual keys of a secret whose value is a JSON object. If another writer changes the value in the meantime, the
 * patch is applied again to the new value, so neither change is lost. If the request has a precondition, the patch fails instead.
 * The caller needs permission to read the secret, because the reply depends on its value.
 *
 * @throws Problem `forbidden`, `secret-has-no-value`, `precondition-failed`, `write-conflict`, or `caller-gone` if the caller
 *   has disconnected before a further attempt
 * @throws Problem `invalid-request` if the new value is too long
 * @throws Problem the problems of `parseObject`, and any AWS error
 */
export async function patchValue (
  scope: Scope, name: SecretName, patch: Json, precondition: Precondition = {}
): Promise<WrittenSecret> {
  assertMay(scope, 'GetSecretValue', name)
  const end = monotonic() + timeout
  for (let attempts = 1; attempts <= maximumAttempts && monotonic() < end; attempts++) {
    try {
      return await underPrecondition(precondition, async () => patchOnce(scope, name, patch, precondition.versionId))
    } catch (error) {
      if (precondition.present || !isProblem(error, 'precondition-failed')) throw error
      await setTimeout(pause(attempts))
      scope.signal?.throwIfAborted()
    }
  }
  throw new Problem('write-conflict')
}

async function patchOnce (scope: Scope, name: SecretName, patch: Json, expected?: string): Promise<WrittenSecret> {
  const { content, versionId, arn } = await readExpecting(
    scope, name, expected, async () => readSecret(scope, name), (secret) => secret.versionId
  )
  if (expected !== undefined && versionId !== expected) throw new Problem('precondition-failed')
  const target = parseObject(content)
  const merged = JSON.stringify(mergePatch(target, patch))
  if (merged === JSON.stringify(target)) return { name, arn, versionId, unchanged: true }
  const parsed = parseValue(merged)
  if (!('content' in parsed)) throw invalidRequest({ in: 'body', pointer: '', message: `with it the value ${parsed.mistake}` })
  // The new value is stored where readers expect it: in `SecretString` or `SecretBinary`, as the old value was.
  return compareAndSet(scope, name, versionId, typeof content === 'string' ? parsed.content : Buffer.from(merged))
}

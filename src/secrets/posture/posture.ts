import pMap from 'p-map'
import { shapes } from '#src/aws-model/shapes'
import type { SecretMetadata } from '#src/aws/secret'
import { isSecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { isProblem } from '#src/problems/problem'
import type { Cursors, Listing, Place } from '#src/secrets/cursors'
import { findSecret } from '#src/secrets/metadata'
import { permitted } from '#src/secrets/permitted'
import type { Scope } from '#src/secrets/scope'
import { asUnaddressable, isAddressable } from '#src/secrets/unaddressable'
import { visibleSecrets } from '#src/secrets/visible-secrets'
import { defaultThresholds, rules, type RuleContext, type RuleName, type SecretFacts, type Status } from './rules.ts'
import type { SecretPosture } from './schemas.ts'

export interface PostureOptions {
  rules: readonly RuleName[]
  /** Returns only secrets for which at least one rule has this status. */
  status?: Status
  namePrefix?: string
  limit?: number
  cursor?: string
}

export interface PosturePage {
  items: SecretPosture[]
  nextCursor?: string
  unaddressable?: number
}

/** The number of secrets whose facts are fetched at the same time. */
const concurrentSecrets = 8

/**
 * Judges a page of the environment's secrets by the rules. Judges at most `limit` secrets, because filling a page that `status`
 * filters could take any number of calls to AWS. So such a page may have fewer items or none. The last page also has the required
 * secrets that don't exist.
 *
 * @param now milliseconds since the epoch
 * @throws Problem for an invalid cursor, and any AWS error
 */
export async function assessPosture (scope: Scope, cursors: Cursors, options: PostureOptions, now: number): Promise<PosturePage> {
  const { limit = shapes.MaxResultsType.max, cursor, ...query } = options
  const { status, namePrefix = '' } = query
  const { environment } = scope
  const listing: Listing = { scope, operation: 'assessPosture', query }
  const context = { environment, thresholds: { ...defaultThresholds, ...environment.posture }, now }
  const start: Place = cursor === undefined ? { seen: 0 } : cursors.open(listing, cursor)
  const secrets: SecretMetadata[] = []
  let unaddressable = 0
  let nextCursor: string | undefined
  for await (const { secret, place } of visibleSecrets(scope, { filters: { namePrefix } }, ['AssessPosture'], start)) {
    if (!isAddressable(secret)) {
      unaddressable++
      continue
    }
    if (secrets.length === limit) {
      nextCursor = cursors.seal(listing, place())
      break
    }
    secrets.push(secret)
  }
  const concurrency = concurrentSecrets
  const judged = await pMap(secrets, async (secret) => judge(scope, options.rules, secret, context), { concurrency })
  const lacking = nextCursor === undefined && options.rules.includes('required') ? await missingSecrets(scope, namePrefix) : []
  const items = [...judged.filter((item) => item !== undefined), ...lacking]
    .filter((item) => status === undefined || item.rules.some((rule) => rule.status === status))
  return compact({ items, nextCursor, unaddressable: asUnaddressable(unaddressable) })
}

/** Judges a secret. Returns undefined if it has been deleted in the meantime. @throws Problem for any other AWS error */
async function judge (
  scope: Scope, names: readonly RuleName[], secret: SecretMetadata, context: RuleContext
): Promise<SecretPosture | undefined> {
  const needs = new Set(names.map((name) => rules[name].needs))
  const { name, state } = secret
  try {
    const facts: SecretFacts = {
      secret,
      ...needs.has('details') && { details: await scope.aws.describeSecret(scope, name) },
      ...needs.has('policy') && { policy: (await scope.aws.getResourcePolicy(scope, name)).policy ?? null }
    }
    return {
      name,
      state,
      rules: names.flatMap((rule) => {
        const judgement = rules[rule].judge(facts, context)
        return judgement === undefined ? [] : [{ rule, ...judgement }]
      })
    }
  } catch (error) {
    if (isProblem(error, 'secret-not-found') || isProblem(error, 'secret-pending-deletion')) return undefined
    throw error
  }
}

/**
 * Returns the required secrets that don't exist and that the caller may see. Describes each of them individually, because a list
 * may be outdated.
 */
async function missingSecrets (scope: Scope, namePrefix: string): Promise<SecretPosture[]> {
  const wanted = scope.environment.requiredSecrets.filter(isSecretName).filter((name) => name.startsWith(namePrefix))
  const visible = [...await permitted(scope, 'AssessPosture', wanted)]
  const found = await pMap(visible, async (name): Promise<SecretPosture | undefined> => {
    const state = (await findSecret(scope, name))?.state ?? 'missing'
    if (state !== 'missing' && state !== 'pending-deletion') return undefined
    const detail = state === 'missing' ? 'Required, but missing' : 'Required, but scheduled for deletion'
    return { name, state, rules: [{ rule: 'required', status: 'failed', detail }] }
  }, { concurrency: concurrentSecrets })
  return found.filter((item) => item !== undefined)
}

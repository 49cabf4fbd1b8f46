import type { SecretMetadata } from '#src/aws/secret'
import type { Environment } from '#src/environments/environment'
import { isPublic } from './public-policy.ts'

/** The facts about a secret. `details` and `policy` each take a call to AWS, so they are absent unless a rule needs them. */
export interface SecretFacts {
  readonly secret: SecretMetadata
  /** The metadata with the replicas, which lists lack. */
  readonly details?: SecretMetadata
  /** The resource policy as JSON, or null if there is none. */
  readonly policy?: string | null
}

/** Everything that a judgement depends on, except for the secret itself. */
export interface RuleContext {
  readonly environment: Environment
  readonly thresholds: Thresholds
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The settings of the rules. */
export interface Thresholds {
  readonly rotatedWithinDays: number
  readonly unusedForDays: number
  readonly requiredTags: readonly string[]
}

/** `unknown`: AWS's answers are not conclusive, for example while a rotation is in progress. */
export type Status = 'passed' | 'failed' | 'unknown'

export interface Judgement {
  readonly status: Status
  /** The reason why the rule failed, or why the status is unknown. */
  readonly detail?: string
}

interface Rule {
  readonly describes: string
  /** The facts that the rule needs, but that lists lack. They take a call for each secret. */
  readonly needs?: 'details' | 'policy'
  /** Returns undefined if the rule does not apply to the secret. */
  readonly judge: (facts: SecretFacts, context: RuleContext) => Judgement | undefined
}

const passed: Judgement = { status: 'passed' }
const failed = (detail: string): Judgement => ({ status: 'failed', detail })
const unknown = (detail: string): Judgement => ({ status: 'unknown', detail })

const day = 24 * 60 * 60 * 1_000

const dayOf = (date: Date): string => date.toISOString().slice(0, 10)

const isOlder = (date: Date, days: number, now: number): boolean => now - date.getTime() > days * day

/** Returns true if a rotation has created a version that is not current yet. */
const isPending = ({ versions = {} }: SecretMetadata): boolean =>
  Object.values(versions).some((labels) => labels.includes('AWSPENDING') && !labels.includes('AWSCURRENT'))

/** Security Hub's controls for Secrets Manager, and the gateway's own rules. */
const table = {
  'SecretsManager.1': {
    describes: 'Rotation is enabled',
    judge: ({ secret: { rotation } }) => rotation?.enabled === true ? passed : failed('Rotation is not enabled')
  },
  'SecretsManager.2': {
    describes: 'The last rotation has succeeded',
    judge ({ secret }, { now }) {
      const { enabled = false, nextRotationDate } = secret.rotation ?? {}
      if (!enabled) return undefined
      if (nextRotationDate !== undefined && nextRotationDate.getTime() < now) return failed(`The rotation has been due since ${dayOf(nextRotationDate)}`)
      return isPending(secret) ? unknown('A rotation has begun and not ended: it is in progress, or has failed') : passed
    }
  },
  'SecretsManager.3': {
    describes: 'The secret is used',
    judge ({ secret: { lastAccessedDate, createdDate } }, { thresholds: { unusedForDays }, now }) {
      const last = lastAccessedDate ?? createdDate
      if (last === undefined || !isOlder(last, unusedForDays, now)) return passed
      return failed(lastAccessedDate === undefined ? `Never read since its creation on ${dayOf(last)}` : `Last read on ${dayOf(last)}`)
    }
  },
  'SecretsManager.4': {
    describes: 'The secret has been rotated recently',
    judge ({ secret: { rotation, createdDate } }, { thresholds: { rotatedWithinDays }, now }) {
      const last = rotation?.lastRotatedDate ?? createdDate
      if (last === undefined || !isOlder(last, rotatedWithinDays, now)) return passed
      return failed(rotation?.lastRotatedDate === undefined ? `Never rotated since its creation on ${dayOf(last)}` : `Last rotated on ${dayOf(last)}`)
    }
  },
  'SecretsManager.5': {
    describes: 'The secret is tagged',
    judge ({ secret: { tags = {} } }, { thresholds: { requiredTags } }) {
      const own = Object.keys(tags).filter((key) => !key.startsWith('aws:'))
      const missing = requiredTags.filter((key) => !own.includes(key))
      if (missing.length > 0) return failed(`Without the tags ${missing.join(', ')}`)
      return own.length > 0 ? passed : failed('Without tags')
    }
  },
  value: {
    describes: 'The secret has a value',
    judge: ({ secret: { state } }) => state === 'placeholder' ? failed('A placeholder, without a value') : passed
  },
  required: {
    describes: 'A required secret exists',
    judge: ({ secret: { name } }, { environment: { requiredSecrets } }) => requiredSecrets.includes(name) ? passed : undefined
  },
  'kms-key': {
    describes: 'The KMS key is customer managed',
    judge: ({ secret: { kmsKeyId } }) => kmsKeyId === undefined || kmsKeyId.endsWith('alias/aws/secretsmanager') ? failed('The KMS key is aws/secretsmanager') : passed
  },
  replicas: {
    describes: 'All replicas are in sync',
    needs: 'details',
    judge ({ secret, details }, { environment: { replicaRegions } }) {
      const replicas = new Map((details?.replicas ?? []).map(({ region = '', status }) => [region, status]))
      if (secret.primaryRegion !== undefined && secret.primaryRegion !== secret.arn.split(':')[3]) return undefined
      const wanted = [...new Set([...replicaRegions, ...replicas.keys()])]
      if (wanted.length === 0) return undefined
      const wrong = wanted.filter((region) => !['InSync', 'InProgress'].includes(replicas.get(region) ?? ''))
      if (wrong.length > 0) return failed(`Not in sync, or missing: ${wrong.join(', ')}`)
      const late = wanted.filter((region) => replicas.get(region) === 'InProgress')
      return late.length > 0 ? unknown(`The replication is in progress: ${late.join(', ')}`) : passed
    }
  },
  'public-policy': {
    describes: 'The resource policy does not allow everybody',
    needs: 'policy',
    judge ({ policy }) {
      const open = policy === undefined || policy === null ? false : isPublic(policy)
      if (open === undefined) return unknown('The resource policy can\'t be read')
      return open ? failed('The resource policy allows everybody') : passed
    }
  }
} as const satisfies Record<string, Rule>

export type RuleName = keyof typeof table

export const rules: Readonly<Record<RuleName, Rule>> = table

export const ruleNames = Object.keys(table) as RuleName[]

/** The rules that apply unless a request selects others. They need no additional calls. */
export const defaultRules: readonly RuleName[] = ruleNames.filter((name) => rules[name].needs === undefined)

/** Security Hub's defaults. */
export const defaultThresholds: Thresholds = { rotatedWithinDays: 90, unusedForDays: 90, requiredTags: [] }

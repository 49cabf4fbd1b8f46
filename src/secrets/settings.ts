import type { Action } from '#src/authorization/actions'
import type { SecretMetadata } from '#src/aws/secret'
import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { assertMayElsewhere } from './counterparts.ts'
import type { Scope } from './scope.ts'

/** A setting of an environment that a new secret gets from AWS when it is created, but that a secret may lack later. */
interface Setting {
  /** The setting in a warning, with a verb. */
  readonly lacks: string
  readonly isDeclared: (environment: Environment) => boolean
  readonly isLacking: (environment: Environment, secret: SecretMetadata) => boolean
  /** The permission that it takes to apply the setting to an existing secret, and how that is done. */
  readonly remedy?: {
    readonly action: Action
    /** Returns the reason if the setting does not hold afterwards. */
    readonly apply: (scope: Scope, secret: SecretMetadata) => Promise<string | undefined>
  }
}

const settings: readonly Setting[] = [
  {
    lacks: 'tags of the environment are missing',
    isDeclared: ({ tags }) => Object.keys(tags).length > 0,
    isLacking: ({ tags }, secret) => Object.entries(tags).some(([key, value]) => secret.tags?.[key] !== value),
    remedy: {
      action: 'TagResource',
      async apply (scope, { name }) {
        await scope.aws.tagResource(scope, name, scope.environment.tags)
        return undefined
      }
    }
  },
  {
    lacks: 'replicas in regions of the environment are missing',
    isDeclared: ({ replicaRegions }) => replicaRegions.length > 0,
    isLacking: (environment, secret) => missingRegions(environment, secret).length > 0,
    remedy: {
      action: 'ReplicateSecretToRegions',
      async apply (scope, secret) {
        const { name } = secret
        const regions = missingRegions(scope.environment, secret)
        assertMayElsewhere(scope, name, regions, 'create')
        const wanted = regions.map((region) => ({ region }))
        const { replicas = [] } = await scope.aws.replicateSecretToRegions(scope, name, { replicas: wanted })
        return replicas.some(({ status }) => status === 'Failed') ? 'replication-failed' : undefined
      }
    }
  },
  {
    // The key is never changed: it may have been chosen for this secret, and its versions are encrypted with it.
    lacks: 'the KMS key is not that of the environment',
    isDeclared: ({ kmsKeyId }) => kmsKeyId !== undefined,
    isLacking: ({ kmsKeyId = '' }, secret) => !isSameKey(kmsKeyId, secret.kmsKeyId)
  }
]

/** Returns the regions of a secret's replicas. */
export const regionsOf = (secret: Pick<SecretMetadata, 'replicas'> | undefined): string[] =>
  (secret?.replicas ?? []).flatMap(({ region }) => region ?? [])

function missingRegions ({ replicaRegions }: Environment, secret: SecretMetadata): string[] {
  const present = new Set(regionsOf(secret))
  return replicaRegions.filter((region) => !present.has(region))
}

/** Returns true if both name one key. AWS may return the ARN of a key or of an alias that the configuration names in short. */
const isSameKey = (declared: string, actual = ''): boolean =>
  declared === actual || actual.endsWith(`:${declared}`) || actual.endsWith(`/${declared}`)

/** Applies the environment's settings to an existing secret. Returns a warning for each setting that does not hold afterwards. */
export const applySettings = async (scope: Scope, name: SecretName): Promise<string[] | undefined> => check(scope, name, true)

/** Returns a warning for each setting of the environment that does not hold for an existing secret. */
export const settingWarnings = async (scope: Scope, name: SecretName): Promise<string[] | undefined> => check(scope, name, false)

async function check (scope: Scope, name: SecretName, applies: boolean): Promise<string[] | undefined> {
  const { environment } = scope
  const declared = settings.filter(({ isDeclared }) => isDeclared(environment))
  if (declared.length === 0) return undefined
  const warnings: string[] = []
  try {
    const secret = await scope.aws.describeSecret(scope, name)
    for (const setting of declared) {
      for (const warning of await checkOne(scope, secret, setting, applies)) warnings.push(warning)
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    warnings.push(`It was not checked whether the settings of the environment hold: ${error.code}.`)
  }
  return warnings.length === 0 ? undefined : warnings
}

async function checkOne (scope: Scope, secret: SecretMetadata, setting: Setting, applies: boolean): Promise<string[]> {
  const { environment } = scope
  const { name } = secret
  const { lacks, isLacking, remedy } = setting
  if (!applies || remedy === undefined || !scope.may(remedy.action, name)) {
    // To a caller who may not see the secret's metadata, the warning is the same whether or not the setting holds.
    if (!scope.may('DescribeSecret', name)) return [`Possibly ${lacks}.`]
    return isLacking(environment, secret) ? [`${capitalized(lacks)}.`] : []
  }
  if (!isLacking(environment, secret)) return []
  try {
    const reason = await remedy.apply(scope, secret)
    return reason === undefined ? [] : [`${capitalized(lacks)}: ${reason}.`]
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return [`${capitalized(lacks)}: ${error.code}.`]
  }
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

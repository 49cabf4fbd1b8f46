import type { Action } from '#src/authorization/actions'
import { compareKmsKeys } from '#src/aws/kms-keys'
import type { SecretMetadata } from '#src/aws/secret'
import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { assertMayElsewhere } from './counterparts.ts'
import type { Scope } from './scope.ts'

/** A setting that an environment gives to its new secrets. An existing secret may lack the setting. */
interface Setting {
  /** The text of the warning that a secret lacks the setting, without an initial capital letter or a final full stop. */
  readonly lacks: string
  readonly isDeclared: (environment: Environment) => boolean
  /** Returns true if the secret lacks the setting, or undefined if this can't be determined. */
  readonly isLacking: (environment: Environment, secret: SecretMetadata) => boolean | undefined
  /**
   * The means of applying the setting to an existing secret, and the permission that this requires. Absent if an existing secret
   * always keeps its own setting.
   */
  readonly remedy?: {
    readonly action: Action
    /** Applies the setting. Returns the reason if the secret still lacks it afterwards. */
    readonly apply: (scope: Scope, secret: SecretMetadata) => Promise<string | undefined>
  }
}

/** Converts a result of `compareKmsKeys`: true if a secret lacks the environment's key; undefined if this is unknown. */
const lacksKey = { same: false, different: true, unknown: undefined } as const

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
    // The key of an existing secret is never changed, because it may have been chosen for this secret, and the secret's versions
    // are encrypted with it.
    lacks: 'the KMS key is not that of the environment',
    isDeclared: ({ kmsKeyId }) => kmsKeyId !== undefined,
    isLacking: ({ kmsKeyId }, secret) => lacksKey[compareKmsKeys(kmsKeyId, secret.kmsKeyId)]
  }
]

export const regionsOf = (secret: Pick<SecretMetadata, 'replicas'> | undefined): string[] =>
  (secret?.replicas ?? []).flatMap(({ region }) => region ?? [])

function missingRegions ({ replicaRegions }: Environment, secret: SecretMetadata): string[] {
  const present = new Set(regionsOf(secret))
  return replicaRegions.filter((region) => !present.has(region))
}

/**
 * Applies the environment's settings to an existing secret. Returns a warning for each setting that the secret still lacks
 * afterwards.
 */
export const applySettings = async (scope: Scope, name: SecretName): Promise<string[] | undefined> => check(scope, name, true)

/** Returns a warning for each setting of the environment that an existing secret lacks. */
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
    // A caller who may not see the secret's metadata gets the same warning whether or not the secret lacks the setting.
    const isKnownLacking = scope.may('DescribeSecret', name) ? isLacking(environment, secret) : undefined
    if (isKnownLacking === undefined) return [`Possibly ${lacks}.`]
    return isKnownLacking ? [`${capitalized(lacks)}.`] : []
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

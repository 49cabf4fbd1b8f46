import type { Question } from '#src/authorization/decision'

/** A policy in a form that `toCedar` translates to Cedar and `plainDecision` evaluates without Cedar. */
export interface Rule {
  id: string
  effect: 'permit' | 'forbid'
  /** The callers that the rule applies to. If absent, it applies to any caller. */
  who?: { caller: string } | { group: string }
  /** The actions, and groups of actions, that the rule applies to. If absent, it applies to any action. */
  actions?: readonly string[]
  /**
   * The resources that the rule applies to. If absent, it applies to any resource.
   * - `in`: an environment and its secrets
   * - `itself`: an environment without its secrets
   * - `secretsOf`: the secrets of an environment, without the environment itself; with `prefix`, only those whose names have it
   * - `secret`: one secret
   */
  where?: { in: string } | { itself: string } | { secretsOf: string, prefix?: string } | { secret: string }
  /** Applies only to requests that use this credential. */
  credential?: string
  /** Applies only to callers who used this authentication method. */
  method?: string
  /** Does not apply to members of this group. */
  unless?: string
}

/** The documented groups of actions. They were copied by hand, so that a test can compare the code with the documentation. */
export const groups: Readonly<Record<string, readonly string[]>> = {
  read: [
    'DescribeEnvironment', 'ListSecrets', 'BatchGetSecretValue', 'GetRandomPassword', 'DescribeSecret', 'GetSecretValue',
    'ListSecretVersionIds', 'GetResourcePolicy'
  ],
  write: [
    'CreateSecret', 'PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage', 'DeleteSecret', 'RestoreSecret', 'TagResource', 'UntagResource'
  ],
  rotate: ['RotateSecret', 'CancelRotateSecret'],
  administer: [
    'PutResourcePolicy', 'DeleteResourcePolicy', 'ValidateResourcePolicy', 'ReplicateSecretToRegions', 'RemoveRegionsFromReplication',
    'StopReplicationToReplica', 'ConfigureRotation', 'ForceDeleteSecret', 'CompareValues', 'PromoteSecret', 'DescribeCredential', 'VerifyCredential',
    'CheckAuthorization', 'InvalidateCache', 'AssessPosture'
  ]
}

/** Returns a Cedar string literal in which every unusual character is escaped. */
const quoted = (text: string): string =>
  `"${Array.from(text, (character) => /[\w/-]/.test(character) ? character : `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`).join('')}"`

export function toCedar ({ id, effect, who, actions, where, credential, method, unless }: Rule): string {
  const principal = who === undefined ? '' : 'caller' in who ? ` == Caller::${quoted(who.caller)}` : ` in Group::${quoted(who.group)}`
  const action = actions === undefined ? '' : ` in [${actions.map((name) => `Action::"${name}"`).join(', ')}]`
  const resource = where === undefined
    ? ''
    : 'in' in where
      ? ` in Environment::${quoted(where.in)}`
      : 'itself' in where
        ? ` == Environment::${quoted(where.itself)}`
        : 'secret' in where ? ` == Secret::${quoted(where.secret)}` : ` is Secret in Environment::${quoted(where.secretsOf)}`
  const prefix = where !== undefined && 'secretsOf' in where ? where.prefix : undefined
  const conditions = [
    prefix !== undefined && `when { resource.name like ${quoted(prefix).slice(0, -1)}*" }`,
    credential !== undefined && `when { context.credential == Credential::${quoted(credential)} }`,
    method !== undefined && `when { principal.method == Method::"${method}" }`,
    unless !== undefined && `unless { principal in Group::${quoted(unless)} }`
  ]
  return `@id("${id}") ${effect} (principal${principal}, action${action}, resource${resource}) ${conditions.filter(Boolean).join(' ')};`
}

function applies ({ who, actions, where, credential, method, unless }: Rule, { caller, action, environment, name, credentialId }: Question): boolean {
  if (who !== undefined && !('caller' in who ? caller.id === who.caller : caller.groups.includes(who.group))) return false
  if (actions !== undefined && !actions.some((one) => one === action || groups[one]?.includes(action))) return false
  if (where !== undefined) {
    if ('in' in where && environment !== where.in) return false
    if ('itself' in where && (environment !== where.itself || name !== undefined)) return false
    if ('secret' in where && (name === undefined || `${environment ?? ''}/${name}` !== where.secret)) return false
    if ('secretsOf' in where && (environment !== where.secretsOf || !name?.startsWith(where.prefix ?? ''))) return false
  }
  return (credential === undefined || credentialId === credential) && (method === undefined || caller.method === method) &&
    (unless === undefined || !caller.groups.includes(unless))
}

/** Evaluates the rules: a matching forbid denies; otherwise a matching permit is required. */
export function plainDecision (rules: readonly Rule[], question: Question): { allowed: boolean, policies: string[] } {
  const applying = rules.filter((rule) => applies(rule, question))
  const forbidding = applying.filter(({ effect }) => effect === 'forbid')
  const allowed = forbidding.length === 0 && applying.length > 0
  return { allowed, policies: (allowed ? applying : forbidding).map(({ id }) => id).sort() }
}

import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import type { Action } from '#src/authorization/actions'
import { partitionInArn, partitionOf, regions } from '#src/aws-model/partitions'
import type { DenialReason } from '#src/aws/denial'
import { isDryOperation, type DryOperation, type DryReply, type DryTarget } from '#src/aws/dry-calls'
import type { Identity } from '#src/aws/identity'
import type { Probe } from '#src/aws/probe'
import type { Config } from '#src/config/config'
import type { Environment } from '#src/environments/environment'
import { arn, iamPolicy } from '#src/iam/policy'
import type { Finding } from './findings.ts'

/** An environment, and a credential that it allows. */
export interface Pair {
  readonly environment: Environment
  readonly credentialId: string
  readonly identity: Identity
}

export interface RightsOptions {
  readonly config: Config
  readonly probe: Probe
  /** The actions that callers use. Defaults to all. */
  readonly actions?: readonly Action[]
  /** Returns the command that prints the IAM policy of an environment. */
  readonly policyCommand: (environment: string) => string
}

/** An operation that was tried, and the conclusion from AWS's answer. */
interface Attempt {
  readonly operation: DryOperation
  readonly reply: DryReply
}

type Result = Pick<Finding, 'status' | 'message' | 'next'>

/** The maximum number of concurrent calls with a credential. AWS's lowest quota is 50 per second. */
const concurrency = 4

/** Checks which permissions a credential has of those that an environment needs. Makes only calls without an effect. */
export async function rightsFindings (pair: Pair, { config, probe, actions, policyCommand }: RightsOptions): Promise<Finding[]> {
  const { environment, credentialId, identity } = pair
  const { policy } = iamPolicy({
    environment: { ...environment, credential: credentialId },
    credentials: config.credentials,
    queues: config.cache.events,
    ...actions !== undefined && { actions }
  })
  const permissions = [...new Set(policy.Statement.flatMap(({ Action }) => Action))]
  const target = targetIn(environment, identity)
  const attempts = await pMap(permissions.map(operationOf).filter(isDryOperation), async (operation): Promise<Attempt> =>
    ({ operation, reply: await probe.attempt(credentialId, environment.region, operation, target) }), { concurrency })
  const results = [
    ...allowed(attempts),
    ...denied(attempts, pair, policyCommand),
    ...unclear(attempts),
    ...untried(permissions.filter((permission) => !isDryOperation(operationOf(permission))))
  ]
  return results.map(({ message, ...result }) =>
    ({ ...result, subject: `environment ${environment.name}`, check: 'rights', message: `The credential ${credentialId} ${message}` }))
}

/** Returns the Secrets Manager operation that a permission is for. Permissions of other services are returned unchanged. */
const operationOf = (permission: string): string => permission.replace('secretsmanager:', '')

/** Returns a secret that can't exist, because its name is random. In CloudTrail, the ARN identifies the source of the calls. */
function targetIn ({ region, namePrefix, replicaRegions }: Environment, { arn: principal, account }: Identity): DryTarget {
  const partition = partitionInArn(principal) ?? 'aws'
  const another = regions.find((name) => name !== region && partitionOf(name) === partition)
  return {
    secretId: `${arn({ partition, region, account }, 'secretsmanager')}:secret:${namePrefix}${randomUUID()}-doctor`,
    replicaRegion: replicaRegions[0] ?? another ?? region
  }
}

function allowed (attempts: readonly Attempt[]): Result[] {
  const names = attempts.filter(({ reply }) => reply.verdict === 'allowed').map(({ operation }) => operation)
  return names.length === 0 ? [] : [{ status: 'ok', message: `has ${names.join(', ')}` }]
}

/**
 * Reports the denials, grouped by reason. If the credential is not the environment's default, they are only a warning, because it
 * may be meant for fewer operations.
 */
function denied (
  attempts: readonly Attempt[], { environment, credentialId, identity }: Pair, policyCommand: RightsOptions['policyCommand']
): Result[] {
  const denials = attempts.flatMap(({ reply }) => reply.verdict === 'denied' ? [reply] : [])
  const status = credentialId === environment.credential ? 'failure' : 'warning'
  const groups = Map.groupBy(denials, ({ reason }) => JSON.stringify(reason))
  return Array.from(groups.values(), (group) => {
    const permissions = [...new Set(group.map(({ permission }) => permission))].join(', ')
    const [says, change] = wordsFor(group[0]?.reason)
    const next = change ?? `Attach the policy that "${policyCommand(environment.name)}" prints to ${ownerOf(identity)}`
    return { status, message: `lacks ${permissions}: ${says}`, next }
  })
}

/** Describes the reason for a denial. Also returns the next step, unless it is to attach an IAM policy. */
function wordsFor (reason: DenialReason | undefined): [string, string?] {
  if (reason === undefined) return ['AWS does not say why']
  const { isExplicit, policy } = reason
  const says = isExplicit ? `an explicit deny in the ${policy}` : `no ${policy} allows it`
  if (!isExplicit && policy === 'identity-based policy') return [says]
  return [says, `Change the ${policy}. A further IAM policy would not help`]
}

/** Returns the principal that a policy has to be attached to. For a role session, it is the role. */
function ownerOf ({ arn: principal }: Identity): string {
  const role = /:assumed-role\/([^/]+)/.exec(principal)?.[1]
  return role === undefined ? principal : `the role ${role}`
}

/** Reports the answers that prove neither a denial nor a permission. */
function unclear (attempts: readonly Attempt[]): Result[] {
  const answers = attempts.flatMap(({ operation, reply }) => reply.verdict === 'unclear' ? [{ operation, answer: reply.answer }] : [])
  return Array.from(Map.groupBy(answers, ({ answer }) => answer), ([answer, group]) => ({
    status: 'not-tried',
    message: `got ${answer} for ${group.map(({ operation }) => operation).join(', ')}, which does not show whether it is allowed`,
    next: 'Try again. If the answer remains the same, see its meaning in AWS\'s documentation'
  }))
}

/** Some services' permissions can't be tested without an effect. Each row names the proof for the permissions of one service. */
const proofs = [
  { service: 'secretsmanager', proof: 'the creation of a secret', next: 'Create a secret through the gateway, or run the acceptance tests (docs/aws.md)' },
  { service: 'kms', proof: 'a value that is encrypted with the key', next: 'Create a secret through the gateway, and read it' },
  { service: 'lambda', proof: 'a rotation', next: 'Start a rotation through the gateway' },
  { service: 'sqs', proof: 'a message, which the gateway would then miss', next: 'Look for errors of the queue in the gateway\'s log' }
]

function untried (permissions: readonly string[]): Result[] {
  return proofs.flatMap(({ service, proof, next }) => {
    const group = permissions.filter((permission) => permission.startsWith(`${service}:`))
    return group.length === 0 ? [] : [{ status: 'not-tried', message: `needs ${group.join(', ')}, which only ${proof} would show`, next }]
  })
}

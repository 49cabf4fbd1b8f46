import type { Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { commandFor, type Subject } from '#src/cli/problem-lines'
import { styleFrom, table } from '#src/cli/table'
import { print, type Terminal } from '#src/cli/terminal'
import { reply, type Schemas } from '#src/client/client'

type Metadata = Schemas['SecretMetadata']
type Rotation = NonNullable<Metadata['rotation']>
type Replica = NonNullable<Metadata['replicas']>[number]

const styles = styleFrom({ placeholder: 'yellow', 'pending-deletion': 'red' })

/** Adds `secretsctl describe NAME`, which shows a secret's metadata and the next steps. */
export function describe (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .action(async (name: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      const secret = await reply(gateway.GET('/environments/{env}/secrets/{name}/metadata', { params: { path: { env, name } } }))
      print(terminal, options, secret, table(['PROPERTY', 'VALUE'], rowsOf(secret), styles))
      terminal.stderr.lines(nextSteps(secret, { command: 'describe', name, env }))
    })
  withExample(command, 'secretsctl describe payments/db --env dev')
}

function rowsOf ({ tags = {}, versions = {}, rotation, replicas = [], ...secret }: Metadata): string[][] {
  const current = Object.keys(versions).find((versionId) => versions[versionId]?.includes('AWSCURRENT'))
  const rows: [string, string | undefined][] = [
    ['name', secret.name],
    ['state', secret.state],
    ['description', secret.description],
    ['deleted', secret.deletedDate],
    ['current version', current],
    ['changed', secret.lastChangedDate],
    ['tags', Object.entries(tags).map(([key, value]) => `${key}=${value}`).join(' ')],
    ['KMS key', secret.kmsKeyId ?? 'aws/secretsmanager'],
    ['rotation', rotation && rotationText(rotation)],
    ['rotated by', rotation?.lambdaArn],
    ['replica of', secret.arn.split(':')[3] === secret.primaryRegion ? undefined : secret.primaryRegion],
    ...replicas.map((replica): [string, string] => ['replica', replicaText(replica)]),
    ['ARN', secret.arn]
  ]
  return rows.flatMap(([property, value = '']) => value === '' ? [] : [[property, value]])
}

function rotationText ({ enabled, pendingVersionId, lastRotatedDate, nextRotationDate, ...schedule }: Rotation): string {
  const last = lastRotatedDate === undefined ? 'has never succeeded' : `last succeeded ${lastRotatedDate}`
  const next = !enabled || nextRotationDate === undefined ? [] : [`next by ${nextRotationDate}`]
  const pending = pendingVersionId === undefined ? [] : [`version ${pendingVersionId} is pending`]
  return [...enabled ? ['on', ...scheduleText(schedule)] : ['off'], last, ...next, ...pending].join(', ')
}

function scheduleText ({ automaticallyAfterDays: days, scheduleExpression }: Omit<Rotation, 'enabled'>): string[] {
  if (scheduleExpression !== undefined) return [scheduleExpression]
  return days === undefined ? [] : [`every ${days === 1 ? 'day' : `${days} days`}`]
}

const replicaText = ({ region = '', status = '', statusMessage }: Replica): string =>
  `${region} ${status}${statusMessage === undefined ? '' : `: ${statusMessage}`}`

/** Returns the next steps for a rotation that has not succeeded, and for replicas that are out of sync. */
function nextSteps ({ rotation, replicas = [] }: Metadata, subject: Subject): string[] {
  const discard = `${commandFor('rotate', subject)} --stop --discard-pending`
  const has = (wanted: string): boolean => replicas.some(({ status }) => status === wanted)
  const steps: [boolean, ...string[]][] = [
    [
      rotation?.pendingVersionId !== undefined && rotation.enabled,
      'The rotation is in progress, or has failed and AWS will attempt it again.',
      `If it does not end, read the log of its function, and end it with: ${discard}`
    ],
    [
      rotation?.pendingVersionId !== undefined && !rotation.enabled,
      'The rotation was cancelled before it succeeded.',
      `Before the next one, discard the pending version with: ${discard}`
    ],
    [has('InProgress'), 'A replica that is InProgress may still have an old value. Look again in a moment'],
    [has('Failed'), 'A replica that has Failed may be missing, or have an old value. Remove the cause, and replicate the secret again']
  ]
  return steps.flatMap(([applies, ...lines]) => applies ? lines : [])
}

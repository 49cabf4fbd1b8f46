import { Option, type Command } from 'commander'
import { positiveInteger, secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { commandFor } from '#src/cli/problem-lines'
import { print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

interface Options extends GlobalOptions {
  function?: string
  days?: number
  schedule?: string
  stop?: boolean
  discardPending?: boolean
}

const route = '/environments/{env}/secrets/{name}/rotation'

/** Returns the rotation settings that the options change, under the API's names. */
const settingsIn = ({ function: lambdaArn, days: automaticallyAfterDays, schedule: scheduleExpression }: Options) => ({
  ...lambdaArn !== undefined && { lambdaArn },
  ...automaticallyAfterDays !== undefined && { automaticallyAfterDays },
  ...scheduleExpression !== undefined && { scheduleExpression }
})

/**
 * Adds `secretsctl rotate NAME`, which rotates a secret now, with its function and its schedule. Options change these first. With
 * `--stop`, the command turns the secret's rotation off.
 */
export function rotate (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .option('--function <arn>', 'before that, set the Lambda function that rotates the secret; local mode has rotate-mysql and others')
    .option('--days <number>', 'before that, set the number of days between rotations', positiveInteger('whole number of days', 1_000))
    .addOption(new Option('--schedule <expression>', 'the same as an expression in UTC, such as "rate(10 days)" or "cron(0 4 ? * SUN *)"').conflicts('days'))
    .addOption(new Option('--stop', 'stop rotating the secret').conflicts(['function', 'days', 'schedule']))
    .option('--discard-pending', 'with --stop: also discard the version of a rotation that has not finished')
    .action(async (name: string, _: object, command: Command) => {
      const { stop = false, discardPending = false, ...options } = command.optsWithGlobals<Options>()
      if (discardPending && !stop) throw new WrongUsage('--discard-pending needs --stop')
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      const params = { path: { env, name } }
      if (stop) {
        const stopped = await reply(gateway.DELETE(route, { params: { ...params, query: { discardPending } } }))
        print(terminal, options, stopped, [`Stopped the rotation of ${name} in ${env}`])
        return
      }
      const body = settingsIn(options)
      const isSetUp = Object.keys(body).length > 0
      const started = await reply(isSetUp ? gateway.PUT(route, { params, body }) : gateway.POST(route, { params }))
      print(terminal, options, started, [
        `Started the rotation of ${name} in ${env}`,
        `Until it has succeeded, "${commandFor('versions', { command: 'rotate', name, env })}" shows AWSPENDING at the version ${started.versionId ?? ''}`,
        ...(started.warnings ?? []).map((warning) => `Warning: ${warning}`)
      ])
    })
  withExample(command,
    'secretsctl rotate payments/db --env dev --function arn:aws:lambda:eu-west-1:111122223333:function:rotate-mysql --days 30',
    'secretsctl rotate payments/db --env dev',
    'secretsctl rotate payments/db --env dev --stop --discard-pending')
}

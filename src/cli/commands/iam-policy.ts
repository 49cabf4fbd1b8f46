import { InvalidArgumentError, type Command } from 'commander'
import type { Action } from '#src/authorization/actions'
import { actionList } from '#src/cli/actions'
import { environmentName } from '#src/cli/arguments'
import { configIn, environmentIn } from '#src/cli/configuration'
import { withExample } from '#src/cli/gateway'
import { formatOf, type OutputOptions } from '#src/cli/output-format'
import { CommandFailure, print, type Terminal } from '#src/cli/terminal'
import { iamPolicy } from '#src/iam/policy'

interface Options extends OutputOptions {
  config: string
  environment: string
  actions?: Action[]
  rotationFunction: string[]
}

function functionArn (text: string, previous: readonly string[]): string[] {
  if (!/^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+$/.test(text)) {
    throw new InvalidArgumentError('Must be the ARN of a function, without a version.')
  }
  return [...previous, text]
}

/** Adds `secretsctl iam-policy`, which prints the IAM policy that an environment's credential needs. */
export function iamPolicyCommand (command: Command, terminal: Terminal): void {
  command
    .requiredOption('--config <file>', 'the gateway\'s configuration file')
    .requiredOption('--environment <name>', 'the environment', environmentName)
    .option('--actions <actions>', 'only what these actions of the gateway\'s policies need: names or groups, separated by commas; default: all', actionList)
    .option('--rotation-function <arn>', 'a Lambda function that callers may choose for rotations (repeatable); default: any in the account and region', functionArn, [])
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const { config: file, environment, actions, rotationFunction: rotationFunctions } = options
      const config = await configIn(file)
      const { policy, notes } = iamPolicy({
        environment: environmentIn(config, environment),
        credentials: config.credentials,
        queues: config.cache.events,
        rotationFunctions,
        ...actions !== undefined && { actions }
      })
      if (policy.Statement.length === 0) throw new CommandFailure('For these actions the gateway calls nothing in AWS, so they need no policy')
      const format = formatOf(options)
      print(terminal, { output: format === 'table' ? 'json' : format }, policy, [])
      terminal.stderr.lines(notes.map((note) => `note: ${note}`))
    })
  withExample(command, 'secretsctl iam-policy --config gateway.yaml --environment prod --actions read,PutSecretValue')
}

import type { Command } from 'commander'
import { gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

/**
 * Adds `secretsctl aws-credentials`, a `credential_process` of AWS's SDKs and CLI. It always prints the JSON that they expect:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
export function awsCredentials (command: Command, terminal: Terminal): void {
  command
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const { Token: SessionToken, ...keys } = await reply(gatewayOf(options, terminal).GET('/auth/aws/credentials'))
      print(terminal, { json: true }, { Version: 1, ...keys, SessionToken }, [])
    })
  withExample(
    command,
    'secretsctl aws-credentials',
    '',
    '# in ~/.aws/config',
    '[profile gateway-prod]',
    'region = eu-west-1',
    'credential_process = secretsctl aws-credentials --url https://gateway.example',
    'services = gateway-prod',
    '',
    '[services gateway-prod]',
    'secrets_manager =',
    '  endpoint_url = https://gateway.example/environments/prod/aws',
    '',
    'aws secretsmanager get-secret-value --secret-id prod/payments/db --profile gateway-prod'
  )
}

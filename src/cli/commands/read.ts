import type { Command } from 'commander'
import { fieldName, secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { serialized } from '#src/cli/formats'
import { formatOf } from '#src/cli/output-format'
import { variableOf } from '#src/cli/variables'
import { print, printValues, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

interface Options extends GlobalOptions {
  value?: boolean
  field?: string
  version?: string
  stage?: string
}

const mask = '********  (--value prints it)'

/** Adds `secretsctl read NAME`, which masks the value on a terminal. With `--value`, it prints only the value, unmasked. */
export function read (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .option('--value', 'print only the value, even on a terminal')
    .option('--field <key>', 'one key of a value that is a JSON object, or a JSON pointer such as /hosts/0', fieldName)
    .option('--version <id>', 'the version with this ID; default: the current one')
    .option('--stage <label>', 'the version with this staging label, such as AWSPREVIOUS')
    .action(async (name: string, _: object, command: Command) => {
      const { value: valueAlone = false, field, version, stage, ...options } = command.optsWithGlobals<Options>()
      const secret = await reply(gatewayOf(options, terminal).GET('/environments/{env}/secrets/{name}', {
        params: {
          path: { env: environmentOf(options, terminal), name },
          query: {
            ...(field !== undefined && { field }),
            ...(version !== undefined && { versionId: version }),
            ...(stage !== undefined && { versionStage: stage })
          }
        },
        headers: { accept: 'application/json' }
      }))
      /* c8 ignore next -- only for the type: the client refuses a reply that is not JSON. */
      if (typeof secret === 'string') throw new TypeError('The reply is not JSON')
      const bytes = Buffer.from(secret.value, secret.encoding === 'base64' ? 'base64' : 'utf8')
      if (valueAlone) {
        printValues(terminal, bytes)
        return
      }
      if (formatOf(options) === 'env') {
        const variable = variableOf(field === undefined ? name : `${name}/${field}`)
        printValues(terminal, Buffer.from(serialized('dotenv', new Map([[variable, { secret: name, value: bytes }]]), name)))
        return
      }
      const shown = { ...secret, value: terminal.stdout.isTerminal ? mask : secret.value }
      print(terminal, options, shown, Object.entries(shown).map(([key, content]) => `${`${key}:`.padEnd(15)}${String(content)}`))
    })
  withExample(command, 'secretsctl read payments/db --env dev --field password --value')
}

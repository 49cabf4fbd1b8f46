import { parseArgs } from 'node:util'
import { startLocalBackend, type Account } from './server.ts'

const help = `Usage: npm run local-backend -- [options]

An AWS Secrets Manager of its own, for the AWS CLI and any AWS SDK.

  --port N                           where to listen (default 4566)
  --data-dir DIR                     where to keep secrets (default .gateway/local-backend)
  --memory                           keep nothing
  --account ID=ACCESSKEY:SECRETKEY   an account and its keys; repeatable (default 123456789012=test:test)
  --help                             show this
`

class WrongUsage extends Error {}

/**
 * Runs the embedded Secrets Manager until SIGTERM or SIGINT. It prints one line when it listens; wrong usage ends it with
 * status 2, a data folder or port that can't be used with status 1.
 */
export async function runLocalBackend (args: readonly string[]): Promise<void> {
  try {
    await run([...args])
  } catch (error) {
    const wrongUsage = isWrongUsage(error)
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${wrongUsage ? `\n${help}` : ''}`)
    process.exitCode = wrongUsage ? 2 : 1
  }
}

function isWrongUsage (error: unknown): boolean {
  return error instanceof WrongUsage ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
}

async function run (args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '4566' },
      'data-dir': { type: 'string', default: '.gateway/local-backend' },
      memory: { type: 'boolean', default: false },
      account: { type: 'string', multiple: true, default: ['123456789012=test:test'] },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const backend = await startLocalBackend({
    port: portIn(values.port),
    accounts: values.account.map(accountIn),
    ...values.memory ? {} : { dataDir: values['data-dir'] }
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void backend.close())
  process.stdout.write(`AWS Secrets Manager (embedded) listens on ${backend.url}, ${values.memory ? 'in memory' : `data in ${values['data-dir']}`}\n`)
}

function portIn (text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new WrongUsage(`--port must be a number from 0 to 65535, not '${text}'`)
  return port
}

/** The message must not show the key. */
function accountIn (text: string): Account {
  const [, accountId, accessKeyId, secretAccessKey] = /^(\d{12})=([^:/,\s]+):(\S+)$/.exec(text) ?? []
  if (accountId === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
    throw new WrongUsage('--account must be a 12-digit account ID, =, an access key ID, :, and a secret access key')
  }
  return { accountId, accessKeyId, secretAccessKey }
}

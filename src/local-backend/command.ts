import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Outputs } from '#src/command-line/output'
import { WrongUsage } from '#src/command-line/wrong-usage'
import { identityProviderIn, roleIn } from './role-options.ts'
import { startLocalBackend, type Account, type KmsKey, type RotationStepEvent } from './server.ts'

const help = `Usage: npm run local-backend -- [options]

An embedded AWS Secrets Manager, with an STS for roles, for the AWS CLI and any AWS SDK.

  --port N                           port to listen on (default 4566)
  --host ADDRESS                     address to listen on (default 127.0.0.1, so only this machine can connect)
  --data-dir DIR                     folder to store secrets in (default .gateway/local-backend)
  --memory                           store nothing on disk
  --account ID=ACCESSKEY:SECRETKEY   an account and its access key; repeatable (default 123456789012=test:test)
  --identity-policy ACCESSKEY=FILE   an IAM policy in JSON that limits what an access key may do; repeatable (default: no limits)
  --role ARN=TRUST[,POLICY…]         a role that can be assumed: the files of its trust policy and of its identity policies, as
                                     IAM policies in JSON; repeatable (default: none)
  --identity-provider ISSUER=KEYS[,AUDIENCE…]
                                     a provider whose tokens AssumeRoleWithWebIdentity accepts: the URL or the file of its JSON
                                     Web Key Set; repeatable (default: none; default audience: sts.amazonaws.com)
  --kms-key ID:KEYID[=ALIAS,…][@ID,…]
                                     a customer managed KMS key of an account, in every region, its aliases, and the other
                                     accounts that may use it; repeatable (default: only aws/secretsmanager)
  --rotation-function NAME=LOCATION  a replacement for the Lambda function of that name or ARN: the URL of an endpoint, or the
                                     file of a module that exports a handler; repeatable (default: none)
  --throttle                         reject calls beyond AWS's quotas, as AWS does
  --realistic SEED                   simulate the delays and failures of AWS; the same SEED repeats the same ones;
                                     requires --memory
  --help                             show this help
`

/** The account and its access key, unless `--account` declares others. */
const defaultAccount = '123456789012=test:test'

/**
 * Starts the embedded Secrets Manager and prints its address. It then runs until SIGTERM or SIGINT. If it can't start, prints the
 * error on standard error.
 *
 * @returns the exit status: 0 if it has started, 2 for invalid options, and 1 for any other error, such as a port in use or a
 *   malformed policy
 */
export async function runLocalBackend (args: readonly string[], outputs: Outputs): Promise<number> {
  try {
    await run([...args], outputs)
    return 0
  } catch (error) {
    const wrongUsage = isWrongUsage(error)
    outputs.stderr.text(`${error instanceof Error ? error.message : String(error)}\n${wrongUsage ? `\n${help}` : ''}`)
    return wrongUsage ? 2 : 1
  }
}

function isWrongUsage (error: unknown): boolean {
  return error instanceof WrongUsage ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
}

async function run (args: string[], outputs: Outputs): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '4566' },
      host: { type: 'string', default: '127.0.0.1' },
      'data-dir': { type: 'string', default: '.gateway/local-backend' },
      memory: { type: 'boolean', default: false },
      account: { type: 'string', multiple: true, default: [defaultAccount] },
      role: { type: 'string', multiple: true, default: [] },
      'identity-provider': { type: 'string', multiple: true, default: [] },
      'identity-policy': { type: 'string', multiple: true, default: [] },
      'kms-key': { type: 'string', multiple: true, default: [] },
      'rotation-function': { type: 'string', multiple: true, default: [] },
      throttle: { type: 'boolean', default: false },
      realistic: { type: 'string' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) {
    outputs.stdout.text(help)
    return
  }
  if (values.realistic !== undefined && !values.memory) throw new WrongUsage('--realistic requires --memory')
  const backend = await startLocalBackend({
    port: portIn(values.port),
    host: values.host,
    accounts: withIdentityPolicies(values.account.map(accountIn), values['identity-policy'].map(identityPolicyIn)),
    roles: values.role.map(roleIn),
    identityProviders: values['identity-provider'].map(identityProviderIn),
    kmsKeys: values['kms-key'].map(kmsKeyIn),
    rotationFunctions: rotationFunctionsIn(values['rotation-function']),
    throttling: values.throttle,
    onRotationStep (event) { reportFailure(event, outputs) },
    ...values.realistic !== undefined && { realistic: { seed: values.realistic } },
    ...values.memory ? {} : { dataDir: values['data-dir'] }
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void backend.close())
  outputs.stdout.lines([
    `AWS Secrets Manager (embedded) listens on ${backend.url}, ${values.memory ? 'in memory' : `data in ${values['data-dir']}`}`,
    ...values.account.includes(defaultAccount) ? ['Access key of the account 123456789012: AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test'] : []
  ])
}

function reportFailure ({ arn, step, error }: RotationStepEvent, { stderr }: Outputs): void {
  if (error !== undefined) stderr.lines([`The rotation of ${arn} has failed in ${step}: ${error}`])
}

function portIn (text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new WrongUsage(`--port must be a number from 0 to 65535, not '${text}'`)
  return port
}

/** Parses `--account`. The error message must not reveal the secret access key. */
function accountIn (text: string): Account {
  const [, accountId, accessKeyId, secretAccessKey] = /^(\d{12})=([^:/,\s]+):(\S+)$/.exec(text) ?? []
  if (accountId === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
    throw new WrongUsage('--account must be ID=ACCESSKEY:SECRETKEY, with a 12-digit account ID')
  }
  return { accountId, accessKeyId, secretAccessKey }
}

/** An access key and the text of a policy, from `--identity-policy`. */
interface IdentityPolicy {
  accessKeyId: string
  policy: string
}

/**
 * Parses `--identity-policy`. The error message must not quote the argument, because users might mistakenly put a secret access
 * key there.
 */
function identityPolicyIn (text: string): IdentityPolicy {
  const [, accessKeyId, file] = /^([^:/,\s=]+)=(.+)$/s.exec(text) ?? []
  if (accessKeyId === undefined || file === undefined) {
    throw new WrongUsage('--identity-policy must be ACCESSKEY=FILE')
  }
  try {
    return { accessKeyId, policy: readFileSync(file, 'utf8') }
  } catch (error) {
    throw new Error(`The identity policy of the access key ${accessKeyId} can't be read (${String(error)})`, { cause: error })
  }
}

function withIdentityPolicies (accounts: readonly Account[], policies: readonly IdentityPolicy[]): Account[] {
  const stray = policies.find(({ accessKeyId }) => !accounts.some((account) => account.accessKeyId === accessKeyId))
  if (stray !== undefined) throw new WrongUsage(`--identity-policy names the access key ID ${stray.accessKeyId}, which no --account has`)
  return accounts.map((account) => {
    const own = policies.filter(({ accessKeyId }) => accessKeyId === account.accessKeyId)
    return own.length === 0 ? account : { ...account, identityPolicies: own.map(({ policy }) => policy) }
  })
}

function rotationFunctionsIn (texts: readonly string[]): Record<string, string> {
  const functions: Record<string, string> = {}
  for (const text of texts) {
    const [, name, location] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (name === undefined || location === undefined) {
      throw new WrongUsage('--rotation-function must be NAME=LOCATION, with the name or ARN of a Lambda function, and a URL or a file')
    }
    if (name in functions) throw new WrongUsage(`--rotation-function names ${name} twice`)
    functions[name] = location
  }
  return functions
}

function kmsKeyIn (text: string): KmsKey {
  const [, accountId, keyId, aliases, allowed] = /^(\d{12}):([^=@\s]+)(?:=([^@\s]+))?(?:@(\d{12}(?:,\d{12})*))?$/.exec(text) ?? []
  if (accountId === undefined || keyId === undefined) {
    throw new WrongUsage(`--kms-key must be ID:KEYID[=ALIAS,…][@ID,…], with account IDs of 12 digits, not '${text}'`)
  }
  return { accountId, keyId, aliases: aliases?.split(',') ?? [], allowedAccounts: allowed?.split(',') ?? [] }
}

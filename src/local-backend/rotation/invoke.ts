import { devNull } from 'node:os'
import type { Account } from '#src/local-backend/accounts'
import { FunctionError, timedOut } from './function-error.ts'
import { invokeEndpoint } from './invoke-endpoint.ts'
import { invokeModule } from './invoke-module.ts'
import type { Invocation } from './rotation-event.ts'
import type { FindFunction } from './rotation-functions.ts'

/** The settings that all calls to rotation functions share. */
export interface InvokeOptions {
  find: FindFunction
  /** The time limit for each step of a rotation, in milliseconds. */
  timeout: number
  accounts: readonly Account[]
  /** Returns the URL of the embedded Secrets Manager, which the AWS SDK in a rotation module has to call. */
  endpoint: () => string
}

/**
 * Calls a rotation function.
 *
 * @throws FunctionError if the function fails, does not exist or exceeds its time limit; the signal's reason if the signal
 * aborted the call
 */
export async function invoke ({ find, timeout, accounts, endpoint }: InvokeOptions, invocation: Invocation): Promise<void> {
  const { functionArn, event } = invocation
  const target = find(functionArn)
  if (target === undefined) throw new FunctionError('FunctionNotFound')
  const timeLimit = AbortSignal.timeout(timeout)
  const signal = AbortSignal.any([invocation.signal, timeLimit])
  try {
    if ('endpoint' in target) await invokeEndpoint(target.endpoint, { ...invocation, signal })
    else await invokeModule({ ...target, functionArn, event, timeout }, environmentOf(invocation, accounts, endpoint()), signal)
  } catch (error) {
    throw timeLimit.aborted && !invocation.signal.aborted ? new FunctionError(timedOut) : error
  }
}

/**
 * Returns the environment variables for a module's process. The module inherits this process's variables, except those that begin
 * with `AWS_`. The added variables make the AWS SDK call the embedded Secrets Manager with an access key of the secret's account.
 * Prefers an access key without identity policies, because such a key has all permissions. AWS's own rotation functions read the
 * endpoint from SECRETS_MANAGER_ENDPOINT.
 */
function environmentOf ({ functionArn, event }: Invocation, accounts: readonly Account[], endpoint: string): NodeJS.ProcessEnv {
  const [, , , region, accountId] = event.SecretId.split(':')
  const own = accounts.filter((account) => account.accountId === accountId)
  const account = own.find(({ identityPolicies }) => identityPolicies === undefined) ?? own[0]
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'))
  return {
    ...Object.fromEntries(inherited),
    AWS_ACCESS_KEY_ID: account?.accessKeyId,
    AWS_SECRET_ACCESS_KEY: account?.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
    SECRETS_MANAGER_ENDPOINT: endpoint,
    AWS_LAMBDA_FUNCTION_NAME: functionArn.split(':')[6],
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull
  }
}

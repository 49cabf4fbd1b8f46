import { devNull } from 'node:os'
import type { Account } from '#src/local-backend/accounts'
import { FunctionError, timedOut } from './function-error.ts'
import { invokeEndpoint } from './invoke-endpoint.ts'
import { invokeModule } from './invoke-module.ts'
import type { Invocation } from './rotation-event.ts'
import type { FindFunction } from './rotation-functions.ts'

/** What rotation functions are called with. */
export interface InvokeOptions {
  find: FindFunction
  /** Milliseconds that a function has for one step. */
  timeout: number
  accounts: readonly Account[]
  /** Where a module's AWS SDK finds this Secrets Manager. */
  endpoint: () => string
}

/** Calls a rotation function; throws FunctionError, and the signal's reason where that ended the call. */
export async function invoke ({ find, timeout, accounts, endpoint }: InvokeOptions, invocation: Invocation): Promise<void> {
  const { functionArn, event } = invocation
  const target = find(functionArn)
  if (target === undefined) throw new FunctionError('FunctionNotFound')
  const outOfTime = AbortSignal.timeout(timeout)
  const signal = AbortSignal.any([invocation.signal, outOfTime])
  try {
    if ('endpoint' in target) await invokeEndpoint(target.endpoint, { ...invocation, signal })
    else await invokeModule({ ...target, functionArn, event, timeout }, environmentOf(invocation, accounts, endpoint()), signal)
  } catch (error) {
    throw outOfTime.aborted && !invocation.signal.aborted ? new FunctionError(timedOut) : error
  }
}

/**
 * What a module finds in its environment: this process's, with the keys of the secret's account and this Secrets Manager in the
 * place of all that concerns AWS: keys that may do everything, if there are such. AWS's own functions read the endpoint from
 * SECRETS_MANAGER_ENDPOINT.
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

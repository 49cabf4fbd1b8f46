import type { Environment } from '#src/environments/environment'

/** The target, the caller and the options of a call to AWS. */
export interface AwsCall {
  /** The environment, with the region, the account and the name prefix of its secrets. */
  readonly environment: Environment
  readonly credentialId: string
  /** The ID of the caller, after which role sessions are named. If absent, the gateway calls AWS on its own behalf. */
  readonly callerId?: string
  /** Returns true if problems may name the credential, because the caller may see it. If absent, problems don't name it. */
  readonly mayNameCredential?: () => boolean
  /** Aborts the call. */
  readonly signal?: AbortSignal
  /**
   * Set only for a background call, which yields to foreground calls. If AWS throttles a background call, the call is retried
   * many times. Aborting this signal stops the retries.
   */
  readonly background?: AbortSignal
  /** Called with the AWS request ID of every response, including exceptions and failed attempts. */
  readonly onResponse?: (awsRequestId: string) => void
}

/**
 * The call that each command in flight belongs to, keyed by the command's input. The SDK passes the same input object to every
 * middleware, on every attempt. The SDK's handler context can't be the key, because commands share a context if the SDK is
 * configured to cache handlers.
 */
const calls = new WeakMap<object, AwsCall>()

/** Records the call that a command belongs to. */
export function bindCall (input: object, call: AwsCall): void {
  calls.set(input, call)
}

/** Returns the call that a command's input belongs to, or undefined if the command was not sent through `SecretsPort`. */
export const callOf = ({ input }: { input: object }): AwsCall | undefined => calls.get(input)

/** Returns the ID of the call's credential if problems may name it to the caller. */
export const namedCredential = ({ credentialId, mayNameCredential }: AwsCall): { credentialId?: string } =>
  mayNameCredential?.() === true ? { credentialId } : {}

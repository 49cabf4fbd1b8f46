import type { Environment } from '#src/environments/environment'

/** The target, the caller and the options of a call to AWS. */
export interface AwsCall {
  /** The environment, with the region, the account and the name prefix of its secrets. */
  readonly environment: Environment
  readonly credentialId: string
  /** The caller. A role is assumed in a session of this caller. If absent, the gateway calls AWS on its own behalf. */
  readonly callerId?: string
  /** Aborts the call. */
  readonly signal?: AbortSignal
  /**
   * Marks a background call, which yields to foreground calls. If AWS throttles it, it is retried many times, until this signal
   * is aborted.
   */
  readonly background?: AbortSignal
  /** Called with the AWS request ID of every response, including exceptions and failed attempts. */
  readonly onResponse?: (awsRequestId: string) => void
}

/**
 * The call that each command in flight belongs to, keyed by the command's input. The SDK passes the same input object to every
 * middleware, on every attempt. Its handler context can't be the key, because commands share handlers if the SDK is configured to
 * cache them.
 */
const calls = new WeakMap<object, AwsCall>()

/** Records the call that a command belongs to. */
export function bindCall (input: object, call: AwsCall): void {
  calls.set(input, call)
}

/** Returns the call that a command's input belongs to, or undefined if the command was not sent through the port. */
export const callOf = ({ input }: { input: object }): AwsCall | undefined => calls.get(input)

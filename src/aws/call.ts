import type { Environment } from '#src/environments/environment'

/** The context of a call to AWS: its target, its caller and its handling. */
export interface AwsCall {
  /** The environment, with the region, the account and the name prefix of its secrets. */
  readonly environment: Environment
  readonly credentialId: string
  /** The caller, in whose session a role is used; the gateway itself if absent. */
  readonly callerId?: string
  /** Aborts the call. */
  readonly signal?: AbortSignal
  /**
   * Marks a background call: it yields to foreground calls and is patiently retried when AWS throttles it, until this signal is
   * aborted.
   */
  readonly background?: AbortSignal
  /** Receives AWS's request ID of every response to the call, including exceptions and failed attempts. */
  readonly onResponse?: (awsRequestId: string) => void
}

/**
 * The call of each command in flight, by the command's input. The SDK passes the same input object to every middleware, on every
 * attempt. The handler context would not do: commands share handlers if the SDK is configured to cache them.
 */
const calls = new WeakMap<object, AwsCall>()

/** Associates a command's input with the call that it belongs to. */
export function bindCall (input: object, call: AwsCall): void {
  calls.set(input, call)
}

/** Returns the call that a command's input belongs to. It is undefined for commands sent without the port. */
export const callOf = ({ input }: { input: object }): AwsCall | undefined => calls.get(input)

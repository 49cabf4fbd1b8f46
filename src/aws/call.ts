import type { Deadline } from '#src/admission/deadline'
import type { Environment } from '#src/environments/environment'
import type { Span } from '#src/tracing/span'
import type { Caching } from './caching.ts'

/** An operation that is sent with a caller's own input, and whose reply the caller gets unchanged. */
export interface Verbatim {
  readonly operation: string
  /** Returns the input to send. @param input the input that the port would send */
  readonly inputFor: (input: object) => object
  /** Called with the body of each successful reply to the operation. */
  readonly onReply: (body: string) => void
}

/** The target, the caller and the options of a call to AWS. */
export interface AwsCall {
  /** The environment, with the region, the account and the name prefix of its secrets. */
  readonly environment: Environment
  readonly credentialId: string
  /** The ID of the caller, after which role sessions are named. Absent if the gateway calls AWS on its own behalf. */
  readonly callerId?: string
  /** Returns true if problems may name the credential, because the caller may see it. If absent, problems don't name it. */
  readonly mayNameCredential?: () => boolean
  /**
   * Aborted when the call's owner leaves, for example because the caller has disconnected. A waiting call is then not sent, and a
   * read in progress is aborted. A write in progress continues, because its outcome has to be recorded.
   */
  readonly signal?: AbortSignal
  /**
   * Set only for a background call, which yields to foreground calls. If AWS throttles a background call, the call is retried
   * many times. Aborting this signal stops the retries.
   */
  readonly background?: AbortSignal
  /** Present only if the call may be answered from the cache. */
  readonly caching?: Caching
  /** Present if the call comes from a request in AWS's protocol. */
  readonly verbatim?: Verbatim
  /** Awaited before the call is sent to AWS. Not called if the call is answered from the cache. */
  readonly beforeSending?: () => Promise<void>
  /**
   * Returns true if another process may have taken over the call while it waited in a queue or between two attempts. Called just
   * before each attempt; if it returns true, the attempt is not sent.
   */
  readonly isTakenOver?: () => boolean
  /** Called with the AWS request ID of every response, including exceptions and failed attempts. */
  readonly onResponse?: (awsRequestId: string) => void
  /** The span that the call is a part of. Absent if the call is not traced. */
  readonly span?: Span
}

/** A call in flight. */
export interface Flight {
  readonly call: AwsCall
  readonly deadline: Deadline
  /** True if the operation changes nothing. */
  readonly isRead: boolean
  /** The call's `signal`. Undefined once the request has begun to write, because none of its calls is aborted from then on. */
  readonly owner: AbortSignal | undefined
}

/**
 * The commands in flight, keyed by the command's input. The SDK passes the same input object to every middleware, on every
 * attempt. The SDK's handler context can't be the key, because commands share a context if the SDK is configured to cache
 * handlers.
 */
const flights = new WeakMap<object, Flight>()

/** Records the call that a command belongs to. */
export function bindFlight (input: object, flight: Flight): void {
  flights.set(input, flight)
}

/** Returns the call that a command belongs to. @throws TypeError if the command was not sent through `SecretsPort` */
export function flightOf ({ input }: { input: object }): Flight {
  const flight = flights.get(input)
  if (flight === undefined) throw new TypeError('The command was not sent through SecretsPort')
  return flight
}

/** The signals of owners that have begun to write. */
const writing = new WeakSet<AbortSignal>()

/** Records that the owner of a call begins to write. */
export function beginWriting ({ signal }: AwsCall): void {
  if (signal !== undefined) writing.add(signal)
}

/** Returns the signal of the call's owner, or undefined if the owner has begun to write. */
export const ownerOf = ({ signal }: AwsCall): AbortSignal | undefined =>
  signal !== undefined && writing.has(signal) ? undefined : signal

const reads = /^(?:BatchGet|Describe|Get|List|Validate)/

/** Returns the AWS operation of an SDK command, such as `GetSecretValue`. */
export const operationOf = (commandName: string): string => commandName.replace(/Command$/, '')

/** Returns true for an AWS operation that changes nothing. */
export const isRead = (operation: string): boolean => reads.test(operation)

/** Returns the ID of the call's credential if problems may name it to the caller. */
export const namedCredential = ({ credentialId, mayNameCredential }: AwsCall): { credentialId?: string } =>
  mayNameCredential?.() === true ? { credentialId } : {}

import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'
import type { ConfigIssue } from './issues.ts'

const seconds = (): ReturnType<typeof Type.Number> => Type.Number({ minimum: 0.1, maximum: 3_600 })
const count = (): ReturnType<typeof Type.Integer> => Type.Integer({ minimum: 1, maximum: 1_000_000 })

/** The `server.connections` section of the configuration file: the limits on connections and on slow clients. */
export const ConnectionsSchema = Type.Object({
  maximum: Type.Optional(count()),
  maximumPerAddress: Type.Optional(count()),
  eventStreamsPerCaller: Type.Optional(count()),
  waitsPerCaller: Type.Optional(count()),
  longestWaitSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_600 })),
  unsentBytes: Type.Optional(Type.Integer({ minimum: 1024 * 1024 })),
  handshakeTimeoutSeconds: Type.Optional(seconds()),
  headersTimeoutSeconds: Type.Optional(seconds()),
  requestTimeoutSeconds: Type.Optional(seconds()),
  replyTimeoutSeconds: Type.Optional(seconds())
}, closed)

/** The limits on connections. Times are in milliseconds. */
export interface ConnectionLimits {
  /** The maximum number of open connections. */
  readonly maximum: number
  /** The maximum number of open connections from one address. It does not apply to trusted proxies. */
  readonly maximumPerAddress: number
  /** The maximum number of event streams that one caller may follow at the same time. */
  readonly eventStreamsPerCaller: number
  /** The maximum number of reads per caller that wait for changes at the same time. */
  readonly waitsPerCaller: number
  /** The maximum time, in seconds, for which a read waits for a change. */
  readonly longestWait: number
  /** The maximum size of all replies together that clients have not read yet, in bytes. */
  readonly unsentBytes: number
  /** The time for a TLS handshake. */
  readonly handshakeTimeout: number
  /** The time for receiving the headers of a request. */
  readonly headersTimeout: number
  /** The time for receiving a whole request, including its headers. */
  readonly requestTimeout: number
  /** The time within which a client must continue to read its reply. */
  readonly replyTimeout: number
}

/** Fills in the defaults of the `server.connections` section. */
export function connectionsFrom ({
  maximum = 4_000,
  maximumPerAddress = Math.min(1_000, maximum),
  eventStreamsPerCaller = 20,
  waitsPerCaller = 1_000,
  // Load balancers and proxies usually close a connection that is idle for a minute.
  longestWaitSeconds = 55,
  unsentBytes = 64 * 1024 * 1024,
  handshakeTimeoutSeconds = 10,
  requestTimeoutSeconds = 10,
  headersTimeoutSeconds = Math.min(10, requestTimeoutSeconds),
  replyTimeoutSeconds = 30
}: Static<typeof ConnectionsSchema>): ConnectionLimits {
  return {
    maximum,
    maximumPerAddress,
    eventStreamsPerCaller,
    waitsPerCaller,
    longestWait: 1_000 * longestWaitSeconds,
    unsentBytes,
    handshakeTimeout: 1_000 * handshakeTimeoutSeconds,
    headersTimeout: 1_000 * headersTimeoutSeconds,
    requestTimeout: 1_000 * requestTimeoutSeconds,
    replyTimeout: 1_000 * replyTimeoutSeconds
  }
}

/** Yields the issues that a schema can't detect. */
export function* connectionIssues (limits: ConnectionLimits): Generator<ConfigIssue> {
  const { maximum, maximumPerAddress, headersTimeout, requestTimeout } = limits
  if (maximumPerAddress > maximum) {
    yield { key: 'server.connections.maximumPerAddress', found: String(maximumPerAddress), expected: 'at most server.connections.maximum' }
  }
  if (headersTimeout > requestTimeout) {
    const found = String(headersTimeout / 1_000)
    yield { key: 'server.connections.headersTimeoutSeconds', found, expected: 'at most server.connections.requestTimeoutSeconds' }
  }
}

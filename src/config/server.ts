import { constants, createPrivateKey, X509Certificate } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { Type, type Static } from '@sinclair/typebox'
import type { AwsSettings } from '#src/aws/settings'
import { closed } from '#src/schema/types'
import { cursorKeyBytes } from '#src/secrets/cursors'
import { connectionIssues, ConnectionsSchema, connectionsFrom, type ConnectionLimits } from './connections.ts'
import { readNamedFile } from './files.ts'
import { ConfigError, type ConfigIssue } from './issues.ts'
import { memoryFrom, MemorySchema, type MemoryLimits } from './memory.ts'
import { metricsFrom, MetricsSchema, type MetricsAddress } from './metrics.ts'
import { overloadFrom, OverloadSchema, type OverloadLimits } from './overload.ts'
import { shutdownFrom, shutdownIssues, ShutdownSchema, type ShutdownTimes } from './shutdown.ts'

const file = Type.String({ minLength: 1 })

/** The `server` section of the configuration file: trusted proxies, cursor keys, TLS, limits, shutdown and metrics. */
export const ServerSchema = Type.Object({
  trustedProxies: Type.Optional(Type.Array(Type.String(), { uniqueItems: true })),
  cursorKeyFiles: Type.Optional(Type.Array(file, { minItems: 1, uniqueItems: true })),
  tls: Type.Optional(Type.Object({
    certificateFile: file,
    keyFile: file,
    clientCertificates: Type.Optional(Type.Object({ authorityFile: file, required: Type.Optional(Type.Boolean()) }, closed))
  }, closed)),
  connections: Type.Optional(ConnectionsSchema),
  memory: Type.Optional(MemorySchema),
  overload: Type.Optional(OverloadSchema),
  shutdown: Type.Optional(ShutdownSchema),
  metrics: Type.Optional(MetricsSchema)
}, closed)

/** The certificates and the private key of the TLS server, in PEM. */
export interface TlsSettings {
  readonly cert: string
  readonly key: string
  /**
   * The settings for client certificates. Absent if the server does not ask for client certificates. `ca` contains, in PEM, the
   * authorities whose certificates are accepted. `required` is true if every client must present a certificate.
   */
  readonly clients?: { readonly ca: string, readonly required: boolean }
}

export interface ServerSettings {
  /** IP addresses and subnets whose `X-Forwarded-For` header is trusted. */
  readonly trustedProxies: readonly string[]
  /**
   * The keys for the cursors of lists. The first key encrypts and decrypts. The others only decrypt. The array is
   * empty if no key is configured.
   */
  readonly cursorKeys: readonly Uint8Array[]
  readonly tls?: TlsSettings
  readonly connections: ConnectionLimits
  readonly memory: MemoryLimits
  readonly overload: OverloadLimits
  readonly shutdown: ShutdownTimes
  /** Absent if the gateway does not report its metrics. */
  readonly metrics?: MetricsAddress
}

/** Returns the TLS options. Disables TLS 1.2 renegotiation, because a client could use it to switch certificates. */
export const secureContext = ({ cert, key, clients }: TlsSettings): SecureContextOptions =>
  ({ cert, key, secureOptions: constants.SSL_OP_NO_RENEGOTIATION, ...(clients !== undefined && { ca: clients.ca }) })

/**
 * Fills in the defaults, and reads the keys and the certificates.
 *
 * @throws ConfigError if a file can't be used
 */
export function serverFrom (declared: Static<typeof ServerSchema>, folder: string): ServerSettings {
  const { trustedProxies = [], cursorKeyFiles = [], tls, metrics } = declared
  const { connections = {}, memory = {}, overload = {}, shutdown = {} } = declared
  return {
    trustedProxies,
    cursorKeys: cursorKeyFiles.map((name, index) => cursorKey(`server.cursorKeyFiles.${index}`, name, folder)),
    ...(tls !== undefined && { tls: tlsFrom(tls, folder) }),
    connections: connectionsFrom(connections),
    memory: memoryFrom(memory),
    overload: overloadFrom(overload),
    shutdown: shutdownFrom(shutdown),
    ...metrics !== undefined && { metrics: metricsFrom(metrics) }
  }
}

function cursorKey (key: string, name: string, folder: string): Uint8Array {
  const text = readNamedFile(key, name, folder).trim()
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== cursorKeyBytes || bytes.toString('base64') !== text) {
    throw new ConfigError([{ key, found: 'something else', expected: `${cursorKeyBytes} random bytes in base64` }])
  }
  return bytes
}

type DeclaredTls = NonNullable<Static<typeof ServerSchema>['tls']>

function tlsFrom ({ certificateFile, keyFile, clientCertificates }: DeclaredTls, folder: string): TlsSettings {
  const cert = readNamedFile('server.tls.certificateFile', certificateFile, folder)
  const key = readNamedFile('server.tls.keyFile', keyFile, folder)
  assertUsable('server.tls', 'a certificate, and the private key that goes with it, in PEM', () => {
    createSecureContext({ cert, key })
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  })
  if (clientCertificates === undefined) return { cert, key }
  const { authorityFile, required = true } = clientCertificates
  const authority = 'server.tls.clientCertificates.authorityFile'
  const ca = readNamedFile(authority, authorityFile, folder)
  // With an empty file, Node.js would accept client certificates from any public certificate authority.
  assertUsable(authority, 'certificates of authorities in PEM', () => {
    createSecureContext({ ca })
    return new X509Certificate(ca).ca
  })
  return { cert, key, clients: { ca, required } }
}

/** Throws a ConfigError if `isUsable` returns false or throws. */
function assertUsable (key: string, expected: string, isUsable: () => boolean): void {
  try {
    if (isUsable()) return
  } catch {
    // Replaces the library's error with the ConfigError below, because the library's message could quote the file.
  }
  throw new ConfigError([{ key, found: 'something else', expected }])
}

/** Creates a function that recognizes trusted proxies. @throws Error if an element of `proxies` is not an IP address or subnet */
export function trustedProxyList (proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, /^[1-9]\d*$/.test(bits) ? Number(bits) : NaN, family)
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** Yields the issues that a schema can't detect. */
export function* serverIssues ({ server, aws }: { server: ServerSettings, aws: AwsSettings }): Generator<ConfigIssue> {
  const { trustedProxies, connections, shutdown } = server
  for (const [index, proxy] of trustedProxies.entries()) {
    try {
      trustedProxyList([proxy])
    } catch {
      yield { key: `server.trustedProxies.${index}`, found: proxy, expected: 'an IP address, or a subnet such as 10.0.0.0/8; not /0' }
    }
  }
  yield* connectionIssues(connections)
  yield* shutdownIssues(shutdown, aws)
}

import { createSecureContext } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'
import { sharedKeyBytes, type SharedSettings } from '#src/shared/settings'
import { readNamedFile } from './files.ts'
import { ConfigError } from './issues.ts'

const file = Type.String({ minLength: 1 })

/** The `shared` section of the configuration file: the Valkey or Redis in which several replicas share their state. */
export const SharedSchema = Type.Object({
  url: Type.String({
    maxLength: 512,
    pattern: '^rediss?://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?(/[0-9]{1,2})?$',
    description: 'a URL such as rediss://redis.internal:6379/0, without a user and a password'
  }),
  keyFile: file,
  fleet: Type.Optional(Type.String({
    pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
    description: 'lower-case letters, digits and hyphens, at most 63'
  })),
  username: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  passwordFile: Type.Optional(file),
  authorityFile: Type.Optional(file),
  timeoutMilliseconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 1_000 })),
  replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 }))
}, closed)

const defaults = { fleet: 'secrets-gateway', timeoutMilliseconds: 50, replicas: 3 } as const

/** Fills in the defaults, and reads the files. @throws ConfigError if a file can't be used */
export function sharedFrom (declared: Static<typeof SharedSchema>, folder: string): SharedSettings {
  const { url, keyFile, fleet, username, timeoutMilliseconds, replicas } = { ...defaults, ...declared }
  const { passwordFile, authorityFile } = declared
  const { protocol, hostname, port, pathname } = new URL(url)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    database: Number(pathname.slice(1)),
    tls: protocol === 'rediss:',
    key: keyFrom(keyFile, folder),
    fleet,
    timeout: timeoutMilliseconds,
    replicas,
    ...username !== undefined && { username },
    ...passwordFile !== undefined && { password: passwordFrom(passwordFile, folder) },
    ...authorityFile !== undefined && { authority: authorityFrom(authorityFile, folder) }
  }
}

function keyFrom (name: string, folder: string): Uint8Array {
  const text = readNamedFile('shared.keyFile', name, folder).trim()
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === sharedKeyBytes && bytes.toString('base64') === text) return bytes
  throw new ConfigError([{ key: 'shared.keyFile', found: 'something else', expected: `${sharedKeyBytes} random bytes in base64` }])
}

function passwordFrom (name: string, folder: string): string {
  const password = readNamedFile('shared.passwordFile', name, folder).replace(/\r?\n$/, '')
  if (password !== '' && !/[\r\n]/.test(password)) return password
  throw new ConfigError([{ key: 'shared.passwordFile', found: 'something else', expected: 'one line with the password' }])
}

function authorityFrom (name: string, folder: string): string {
  const pem = readNamedFile('shared.authorityFile', name, folder)
  try {
    createSecureContext({ ca: pem })
    if (new X509Certificate(pem).ca) return pem
  } catch {
    // Replaced by the ConfigError below, because the library's message could quote the file.
  }
  throw new ConfigError([{ key: 'shared.authorityFile', found: 'something else', expected: 'certificates of authorities in PEM' }])
}

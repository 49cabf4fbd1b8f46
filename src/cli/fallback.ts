import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { GatewayProblem, GatewayUnreachable } from '#src/client/problems'
import { isJsonObject } from '#src/json/lossless'
import { errorCode } from '#src/problems/problem'
import { createPrivate, replacePrivate } from './private-file.ts'
import { assertPrivate, configFolder } from './profiles/store.ts'
import { reasonOf } from './system-error.ts'
import { CommandFailure, type Terminal } from './terminal.ts'
import type { Refusal, Selection } from './variables.ts'

/** The variables of a program, and the number of secrets that were left out because of their names. */
interface Read {
  variables: Readonly<Record<string, string>>
  unaddressable: number
}

/** A file with the secrets of an earlier run, and the conditions under which it may be used. */
export interface Fallback {
  file: string
  /** The gateway's URL. */
  gateway: string
  env: string
  selection: Selection
  /** Checks the names of the variables again, because the program's environment may have changed since they were stored. */
  refusal: Refusal
  /** The maximum age of the secrets, in hours. */
  hours: number
}

const algorithm = 'aes-256-gcm'
const hour = 60 * 60_000

/**
 * Reads the variables from the gateway, and stores them in the fallback. If the gateway can't be reached, returns the stored
 * variables, with a warning. Any other failure is final: a caller who has lost access must not get secrets from the fallback.
 *
 * @throws CommandFailure if neither the gateway nor the fallback can be used
 * @throws GatewayProblem
 */
export async function withFallback (read: () => Promise<Read>, fallback: Fallback, terminal: Terminal): Promise<Read> {
  const key = keyIn(terminal)
  try {
    const found = await read()
    save(found.variables, key, fallback)
    return found
  } catch (error) {
    if (!isOutage(error)) throw error
    const { variables, savedAt } = kept(key, fallback, error.message)
    terminal.stderr.lines([
      `WARNING: ${error.message}`,
      `WARNING: using the secrets that ${fallback.file} kept at ${new Date(savedAt).toISOString()}. They may have been changed or withdrawn since`
    ])
    return { variables, unaddressable: 0 }
  }
}

/**
 * The problems that are outages. Other problems with the same statuses may mean that access was withdrawn, for example by closing
 * an account (`credential-invalid`) or disabling a KMS key (`kms-failure`), or that the access can't be recorded in the audit
 * trail.
 */
const outages: ReadonlySet<string> = new Set<GatewayProblem['code']>([
  'aws-unavailable', 'aws-timeout', 'aws-throttled', 'identity-provider-unavailable', 'overloaded'
])

/**
 * Returns true if the gateway can't be reached, or if it can't reach AWS or its identity provider. A proxy that can't reach the
 * gateway replies with 502, 503 or 504. If the proxy itself refuses the request, that is not an outage.
 */
function isOutage (error: unknown): error is GatewayProblem | GatewayUnreachable {
  if (error instanceof GatewayProblem) return outages.has(error.code)
  return error instanceof GatewayUnreachable && (error.isTemporary || [502, 503, 504].includes(error.status ?? 0))
}

/**
 * Returns this user's key, after creating it if necessary. The key is not stored beside the fallback, which may be on a shared
 * disk.
 */
function keyIn ({ env }: Terminal): Buffer {
  const folder = configFolder(env)
  if (folder === undefined) throw new CommandFailure('There is no folder for the key of the fallback: set HOME or XDG_CONFIG_HOME')
  const file = join(folder, 'fallback.key')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    assertPrivate(folder, '700')
    if (!existsSync(file)) createKey(file)
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    if (errorCode(error) !== 'EEXIST') throw new CommandFailure(`${file} can't be created: ${reasonOf(error)}`)
  }
  assertPrivate(file, '600')
  const key = readFileSync(file)
  if (key.length !== 32) throw new CommandFailure(`${file} is damaged. Remove it: the fallbacks that it has encrypted can't be read any more`)
  return key
}

/** Creates the key file. A hard link makes the complete file appear at once, and fails if another process has created it. */
function createKey (file: string): void {
  const temporary = `${file}.${randomUUID()}`
  try {
    createPrivate(temporary, randomBytes(32))
    linkSync(temporary, file)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/**
 * Returns a hash of the gateway, the selection and the date. The encryption authenticates it, so a file can't be used for other
 * secrets or made to look newer.
 */
const purpose = ({ gateway, env, selection }: Fallback, savedAt: number): Buffer => {
  const { prefix, secret, map, mapping, jsonKeys, all } = selection
  return createHash('sha256').update(JSON.stringify([gateway, env, prefix, secret, map, mapping, jsonKeys, all, savedAt])).digest()
}

function save (variables: Read['variables'], key: Buffer, fallback: Fallback): void {
  const savedAt = Date.now()
  const nonce = randomBytes(12)
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(purpose(fallback, savedAt))
  const data = Buffer.concat([cipher.update(JSON.stringify(variables)), cipher.final(), cipher.getAuthTag()])
  const content = { savedAt, nonce: nonce.toString('base64'), data: data.toString('base64') }
  replacePrivate(fallback.file, JSON.stringify(content), `The fallback ${fallback.file}`)
}

function kept (key: Buffer, fallback: Fallback, outage: string): { variables: Read['variables'], savedAt: number } {
  const { file, hours, selection, refusal } = fallback
  const refuse = (reason: string): CommandFailure => new CommandFailure(outage, `The fallback ${file} can't be used: ${reason}`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw refuse(errorCode(error) === 'ENOENT' ? 'it does not exist yet, and is written when the gateway has answered' : reasonOf(error))
  }
  const opened = open(text, key, fallback)
  if (opened === undefined) throw refuse('it was written for other secrets or by another user, or it is damaged')
  const age = (Date.now() - opened.savedAt) / hour
  if (!(age >= -1 && age <= hours)) throw refuse(`it is ${Math.round(age)} hours old; --fallback-max-age is ${hours}`)
  for (const variable of Object.keys(opened.variables)) {
    const reason = Object.hasOwn(selection.map, variable) ? undefined : refusal(variable)
    if (reason !== undefined) throw refuse(`its variable ${variable} ${reason}`)
  }
  return opened
}

/** Decrypts a fallback. Returns undefined if it is damaged, or if it was written for other secrets. */
function open (text: string, key: Buffer, fallback: Fallback): { variables: Read['variables'], savedAt: number } | undefined {
  try {
    const { savedAt, nonce, data } = JSON.parse(text) as { savedAt: number, nonce: string, data: string }
    const bytes = Buffer.from(data, 'base64')
    const decipher = createDecipheriv(algorithm, key, Buffer.from(nonce, 'base64'), { authTagLength: 16 })
      .setAAD(purpose(fallback, savedAt)).setAuthTag(bytes.subarray(-16))
    const variables: unknown = JSON.parse(Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString())
    return isJsonObject(variables) ? { variables: variables as Read['variables'], savedAt } : undefined
  } catch {
    return undefined
  }
}

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify, type KeyObject } from 'node:crypto'
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { errorCode } from '#src/problems/problem'
import type { Link } from './record.ts'
import { UnusableTrail } from './settings.ts'

/** What a signature is for; one for the one purpose is none for the other. */
type Purpose = 'record' | 'head'

/** Signs places in the chain. */
export interface SigningKey {
  sign: (purpose: Purpose, link: Link) => string
  /** The public key. */
  verifies: VerifyingKey
}

/** Tells whether a signature, in hexadecimal, is one of this key. */
export interface VerifyingKey {
  verify: (purpose: Purpose, link: Link, signature: string) => boolean
  /** SPKI, in base64. */
  spki: string
}

const signed = (purpose: Purpose, { sequence, hash }: Link): Buffer => Buffer.from(`secrets-gateway audit ${purpose} ${sequence} ${hash}`)

function verifyingKeyFrom (key: KeyObject): VerifyingKey {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('no Ed25519 key')
  return {
    spki: key.export({ type: 'spki', format: 'der' }).toString('base64'),
    verify: (purpose, link, signature) => verify(null, signed(purpose, link), key, Buffer.from(signature, 'hex'))
  }
}

/** From a PEM, of the public key or of the private one. @throws where it is neither */
export const verifyingKey = (pem: string): VerifyingKey => verifyingKeyFrom(createPublicKey(pem))

/** As a trail names its own key. Undefined where that is none. */
export function verifyingKeyOfSpki (spki: string): VerifyingKey | undefined {
  try {
    return verifyingKeyFrom(createPublicKey({ key: Buffer.from(spki, 'base64'), type: 'spki', format: 'der' }))
  } catch {
    return undefined
  }
}

/** @throws where the PEM is no private key */
export function signingKey (pem: string): SigningKey {
  const key = createPrivateKey(pem)
  return { sign: (purpose, link) => sign(null, signed(purpose, link), key).toString('hex'), verifies: verifyingKey(pem) }
}

/** A new private key, in PEM. */
export const newKey = (): string => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/**
 * The key that signs the trail, which only the gateway may read.
 *
 * @param makes whether it is made where there is none
 * @throws UnusableTrail
 */
export function loadKey (file: string, makes: boolean): SigningKey {
  try {
    if (makes) makeKey(file)
    if ((statSync(file).mode & 0o037) !== 0) throw unusable(`${file}, which others may read or write`)
    return signingKey(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof UnusableTrail) throw error
    throw unusable(`${errorCode(error)} on reading ${file}`)
  }
}

const unusable = (found: string): UnusableTrail => new UnusableTrail('audit.keyFile', found, 'a private key, Ed25519 in PEM, with mode 0600 or 0640')

/** The file appears under its name only when it is whole, and whoever comes first makes it. */
function makeKey (file: string): void {
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) return
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(unfinished, newKey(), { mode: 0o600, flag: 'wx', flush: true })
    linkSync(unfinished, file)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    rmSync(unfinished, { force: true })
  }
}

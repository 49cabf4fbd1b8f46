import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify, type KeyObject } from 'node:crypto'
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { errorCode } from '#src/problems/problem'
import type { Link } from './record.ts'
import { UnusableTrail } from './settings.ts'

/** The purpose of a signature. A signature made for one purpose never verifies for another (domain separation). */
type Purpose = 'record' | 'head'

/** A private key that signs records and heads. */
export interface SigningKey {
  /** Returns the signature in hexadecimal. */
  sign: (purpose: Purpose, link: Link) => string
  publicKey: VerifyingKey
}

/** A public key that verifies signatures. */
export interface VerifyingKey {
  /** Checks a signature in hexadecimal. */
  verify: (purpose: Purpose, link: Link, signature: string) => boolean
  /** The public key: SPKI in base64. */
  spki: string
}

const signedBytes = (purpose: Purpose, { sequence, hash }: Link): Buffer => Buffer.from(`secrets-gateway audit ${purpose} ${sequence} ${hash}`)

function verifyingKeyFrom (key: KeyObject): VerifyingKey {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('not an Ed25519 key')
  return {
    spki: key.export({ type: 'spki', format: 'der' }).toString('base64'),
    verify: (purpose, link, signature) => verify(null, signedBytes(purpose, link), key, Buffer.from(signature, 'hex'))
  }
}

/**
 * Returns the public key in a PEM text, which may contain either the public or the private key.
 *
 * @throws Error if it is not an Ed25519 key in PEM
 */
export const verifyingKey = (pem: string): VerifyingKey => verifyingKeyFrom(createPublicKey(pem))

/** Returns the public key in a control record of a trail (SPKI in base64), or undefined if it is not an Ed25519 key. */
export function verifyingKeyOfSpki (spki: string): VerifyingKey | undefined {
  try {
    return verifyingKeyFrom(createPublicKey({ key: Buffer.from(spki, 'base64'), type: 'spki', format: 'der' }))
  } catch {
    return undefined
  }
}

/** Creates a signing key from a private key in PEM. @throws Error if it is not an Ed25519 private key in PEM */
export function signingKey (pem: string): SigningKey {
  const key = createPrivateKey(pem)
  return { sign: (purpose, link) => sign(null, signedBytes(purpose, link), key).toString('hex'), publicKey: verifyingKey(pem) }
}

/** Generates an Ed25519 private key, in PEM. */
export const newKey = (): string => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/**
 * Loads the key that signs the trail.
 *
 * @param create true to generate a key if the file does not exist
 * @throws UnusableTrail if the file can't be read, is not an Ed25519 private key, or gives its group or others more access than
 *   mode 0640
 */
export function loadKey (file: string, create: boolean): SigningKey {
  try {
    if (create) createKeyFile(file)
    if ((statSync(file).mode & 0o037) !== 0) throw unusable(`${file}, which others may read or write`)
    return signingKey(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof UnusableTrail) throw error
    throw unusable(`${errorCode(error)} on reading ${file}`)
  }
}

const unusable = (found: string): UnusableTrail => new UnusableTrail('audit.keyFile', found, 'a private key, Ed25519 in PEM, with mode 0600 or 0640')

/**
 * Creates the key file atomically. It is written under a temporary name and linked once it is complete. If several processes do
 * this at the same time, all of them use the key of the first process.
 */
function createKeyFile (file: string): void {
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

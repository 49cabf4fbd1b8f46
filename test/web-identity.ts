import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** A workload identity provider, such as a Kubernetes cluster. */
export const issuer = 'https://cluster.example.com'

const { privateKey, publicKey } = await generateKeyPair('ES256')

const folder = mkdtempSync(join(tmpdir(), 'web-identity-'))
process.once('exit', () => { rmSync(folder, { recursive: true }) })

/** The file that contains the provider's JSON Web Key Set. */
export const keysFile = join(folder, 'keys.json')
writeFileSync(keysFile, JSON.stringify({ keys: [await exportJWK(publicKey)] }))

/** The gateway's workload identity. */
export const workload = 'system:serviceaccount:platform:secrets-gateway'

/** Signs a token for a workload; `now` is in milliseconds since the epoch. */
export const identityToken = async (subject: string, now: number): Promise<string> => new SignJWT()
  .setProtectedHeader({ alg: 'ES256' }).setIssuer(issuer).setAudience('sts.amazonaws.com').setSubject(subject)
  .setIssuedAt(Math.floor(now / 1000)).setExpirationTime(Math.floor(now / 1000) + 600).sign(privateKey)

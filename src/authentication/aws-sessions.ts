import { hash, hkdfSync, type KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Authorization } from '#src/aws-protocol/authorization-header'
import type { AccessKey } from '#src/aws-protocol/signature'
import { signatureErrors } from '#src/aws-protocol/signature-errors'
import { signingKeyOf } from '#src/aws-protocol/signature-v4'
import { getOrCreate } from '#src/collections/get-or-create'
import { seal, unseal, type Seal } from '#src/sealing/sealed'
import type { Caller, Identity, Proof } from './caller.ts'
import type { TokenKeys } from './gateway-token.ts'

/** Temporary keys for AWS's protocol. */
export interface AwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** The time at which the keys expire, in milliseconds since the epoch. */
  readonly expires: number
}

/** Issues and verifies temporary keys for AWS's protocol. Stores nothing, because the session token contains everything. */
export interface AwsSessions {
  issue: (identity: Pick<Identity, 'proof' | 'expires'>, now: number) => AwsKeys
  /**
   * Returns the secret access key and the caller of a session token.
   *
   * @throws AwsError `UnrecognizedClientException`, `ExpiredTokenException`
   * @throws Problem `unauthenticated` if the configuration no longer accepts the caller
   */
  open: (accessKeyId: string, sessionToken: string | undefined, now: number) => AccessKey<Caller>
  /** Does the same as `signingKeyOf`, but caches the key of each day. */
  signingKey: (secretAccessKey: string, scope: Authorization) => KeyObject
}

/** The content of a session token. */
interface Session {
  readonly proof: Proof
  readonly expires: number
}

/** An access key ID and its secret access key. */
type DerivedKeys = Pick<AwsKeys, 'accessKeyId' | 'secretAccessKey'>

/** The maximum lifetime of keys, in milliseconds. */
const maximumLifetime = 60 * 60 * 1_000

/** The maximum number of sessions and of signing keys in memory. */
const maximumKept = 10_000

const noContext = Buffer.alloc(0)

/**
 * The number of characters of an access key ID after its prefix, and of bytes of a secret access key. They are the same as AWS's.
 */
const [idLength, secretLength] = [16, 30]

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const sealOf = (key: KeyObject): Seal => ({ key: key.export({ type: 'pkcs8', format: 'der' }), purpose: 'secrets-gateway AWS session 1' })

/** Derives the access key ID and the secret access key from a session token. */
function deriveKeys ({ key }: Seal, sealed: Uint8Array): DerivedKeys {
  const derived = Buffer.from(hkdfSync('sha256', key, sealed, 'secrets-gateway AWS keys 1', idLength + secretLength))
  const id = Array.from(derived.subarray(0, idLength), (byte) => letters.charAt(byte % letters.length)).join('')
  return { accessKeyId: `ASIA${id}`, secretAccessKey: derived.subarray(idLength).toString('base64') }
}

/**
 * Creates the issuer and verifier of keys for AWS's protocol.
 *
 * @param keys the keys of the gateway's own tokens, from which all other keys are derived. Replicas with the same keys accept
 *   each other's sessions.
 * @param callerOf returns the caller that a proof identifies in the current configuration
 */
export function awsSessions ({ sign, verify }: TokenKeys, callerOf: (proof: Proof, now: number) => Caller): AwsSessions {
  const signer = sealOf(sign)
  const seals = verify.map(sealOf)
  /** The sessions, keyed by the hashes of their tokens, because a token may be long. */
  const sessions = new LRUCache<string, Session & DerivedKeys>({ max: maximumKept })
  const signingKeys = new LRUCache<string, KeyObject>({ max: maximumKept })

  /** Decrypts a session token. @throws AwsError `UnrecognizedClientException` if it was not issued with these keys */
  function read (sessionToken: string): Session & DerivedKeys {
    const sealed = Buffer.from(sessionToken, 'base64')
    // The same bytes have several spellings in Base64. If all of them were accepted, one session could fill the cache.
    const candidates = sealed.toString('base64') === sessionToken ? seals : []
    for (const seal of candidates) {
      const opened = unseal(seal, noContext, sealed)
      // The decryption is authenticated, so a gateway has written the content, and the type can be trusted.
      if (opened !== undefined) return { ...JSON.parse(opened.toString()) as Session, ...deriveKeys(seal, sealed) }
    }
    throw signatureErrors.unknownClient()
  }

  return {
    issue ({ proof, expires: end }, now) {
      const expires = Math.min(end, now + maximumLifetime)
      const session: Session = { proof, expires }
      const sealed = seal(signer, noContext, Buffer.from(JSON.stringify(session)))
      return { ...deriveKeys(signer, sealed), sessionToken: sealed.toString('base64'), expires }
    },
    open (accessKeyId, sessionToken = '', now) {
      const session = getOrCreate(sessions, hash('sha256', sessionToken, 'base64'), () => read(sessionToken))
      if (session.accessKeyId !== accessKeyId) throw signatureErrors.unknownClient()
      if (now >= session.expires) throw signatureErrors.expiredToken()
      return { secretAccessKey: session.secretAccessKey, principal: callerOf(session.proof, now) }
    },
    signingKey (secretAccessKey, scope) {
      const { date, region, service } = scope
      return getOrCreate(signingKeys, [secretAccessKey, date, region, service].join(' '), () => signingKeyOf(secretAccessKey, scope))
    }
  }
}

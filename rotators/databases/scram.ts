import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

const iterations = 4096

/**
 * Computes the SCRAM-SHA-256 verifier that PostgreSQL stores instead of a password (`pg_authid.rolpassword`), as specified by
 * RFC 5803 and RFC 7677. Setting the verifier keeps the password itself out of PostgreSQL's statement log.
 *
 * @param password printable ASCII, which SASLprep (RFC 4013) leaves unchanged
 */
export function scramSha256 (password: string, salt: Uint8Array = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const key = (name: string): Buffer => createHmac('sha256', salted).update(name).digest()
  const stored = createHash('sha256').update(key('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString('base64')}$${stored}:${key('Server Key').toString('base64')}`
}

import { error } from './errors.ts'

/** The errors that concern a request's signature, in AWS's wording. */
export const signatureErrors = {
  expired: error('InvalidSignatureException', (signed: string, earliest: string) => `Signature expired: ${signed} is now earlier than ${earliest}.`),
  expiredToken: error('ExpiredTokenException', 'The security token included in the request is expired'),
  incomplete: error('IncompleteSignatureException', (reason: string) => reason),
  mismatch: error('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'),
  missing: error('MissingAuthenticationTokenException', 'Missing Authentication Token'),
  notYetCurrent: error('InvalidSignatureException', (signed: string, latest: string) => `Signature not yet current: ${signed} is still later than ${latest}.`),
  unknownClient: error('UnrecognizedClientException', 'The security token included in the request is invalid.'),
  wrongScope: error('InvalidSignatureException', (expected: string) => `Credential should be scoped to ${expected}.`)
}

import { AwsError } from './errors.ts'

/** What can be wrong with a request's signature, in AWS's words. */
export const signatureErrors = {
  expired: (signed: string, earliest: string): AwsError =>
    new AwsError('InvalidSignatureException', `Signature expired: ${signed} is now earlier than ${earliest}.`),
  incomplete: (reason: string): AwsError => new AwsError('IncompleteSignatureException', reason),
  mismatch: (): AwsError => new AwsError('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'),
  missing: (): AwsError => new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token'),
  notYetCurrent: (signed: string, latest: string): AwsError =>
    new AwsError('InvalidSignatureException', `Signature not yet current: ${signed} is still later than ${latest}.`),
  unknownClient: (): AwsError => new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.'),
  wrongScope: (expected: string): AwsError => new AwsError('InvalidSignatureException', `Credential should be scoped to ${expected}.`)
}

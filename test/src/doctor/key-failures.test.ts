import t from 'tap'
import type { CredentialDefinition } from '#src/credentials/definition'
import { explain } from '#src/doctor/key-failures'
import { Problem } from '#src/problems/problem'

const roleArn = 'arn:aws:iam::111122223333:role/gateway'
const definitions = {
  role: { kind: 'assume-role', roleArn, source: 'base' },
  web: { kind: 'web-identity', roleArn, tokenFile: 'token' },
  chain: { kind: 'default-chain' }
} as const satisfies Record<string, CredentialDefinition>

/** Errors of AWS and the SDK, and a part of the explanation. `doctor.test.ts` has the errors that the embedded STS can return. */
const cases: readonly [keyof typeof definitions, string, RegExp][] = [
  ['role', `AccessDenied: User: x is not authorized to perform: sts:SetSourceIdentity on resource: ${roleArn}`, /let the gateway set the source identity/],
  ['web', 'AccessDenied: Not authorized to perform sts:SetSourceIdentity', /token has a source identity/],
  ['role', `AccessDenied: User: x is not authorized to perform: sts:TagSession on resource: ${roleArn}`, /transitive tags/],
  ['role', `AccessDenied: User: x is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`, /does not let the source assume/],
  ['web', 'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity', /does not trust the token/],
  ['web', 'InvalidIdentityToken: No OpenIDConnect provider found in your account for https://x', /no OpenID Connect provider/],
  ['web', 'IDPCommunicationError: The identity provider could not be reached.', /does not accept the token/],
  ['chain', 'InvalidClientTokenId: The security token included in the request is invalid.', /does not know the keys/],
  ['chain', 'SignatureDoesNotMatch: Signature expired: 20261201T000000Z is now earlier than 20261201T001000Z', /this machine's clock/],
  ['chain', 'SignatureDoesNotMatch: The request signature we calculated does not match', /does not belong to the access key ID/],
  ['chain', 'RegionDisabledException: STS is not activated in this region for account:111122223333', /not enabled the region/],
  ['chain', 'Error: EACCES: permission denied, open \'/root/token\'', /A file of the keys can't be read/],
  ['web', 'Error: EACCES: permission denied, open \'/root/token\'', /The token file can't be read/],
  ['chain', 'CredentialsProviderError', /may quote the output of a program/],
  ['chain', 'SomethingNew: words', /^AWS refuses the credential \(SomethingNew: words\)$/]
]

t.test('each error has the explanation that is meant for it', async (t) => {
  for (const [name, words, says] of cases) {
    const explanation = explain(new Problem('credential-invalid', { reason: `the credential c: ${words}` }), definitions[name])
    t.match(explanation.says, says, words)
    t.ok(explanation.says.endsWith(`(${words})`), 'AWS\'s own words are shown')
    t.not(explanation.next, '')
  }
})

t.test('an STS that does not answer', async (t) => {
  t.match(explain(new Problem('aws-unavailable', { awsError: 'ENOTFOUND' }), definitions.chain), { says: /did not answer \(ENOTFOUND\)$/, next: /endpoint of STS/ })
  t.match(explain(new Problem('aws-timeout'), definitions.chain), { says: /did not answer \(aws-timeout\)$/ })
})

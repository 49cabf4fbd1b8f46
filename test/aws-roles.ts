import type { Role } from '#src/local-backend/server'
import { exampleIn } from './examples.ts'
import { issuer, workload } from './web-identity.ts'

const document = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })) })

/** The trust policy from the documentation. */
const trust = exampleIn('docs/credentials.md', 'trust policy')

const withIdentity = ['sts:AssumeRole', 'sts:SetSourceIdentity']
const everything = [document({ Action: '*', Resource: '*' })]

/** The platform team's account, and the gateway's IAM user in it. */
export const platform = {
  accountId: '333333333333',
  accessKeyId: 'AKIAPLATFORM',
  secretAccessKey: 'AKIAPLATFORM-secret',
  identityPolicies: [document({ Action: 'sts:*', Resource: '*' })]
}

const user = 'arn:aws:iam::333333333333:user/AKIAPLATFORM'

/** The roles that tests can assume, by purpose. */
export const roleArns = {
  /** In the account of `dev` and `staging`; assumed with the external ID `of-the-gateway`. */
  dev: 'arn:aws:iam::111111111111:role/secrets-gateway',
  /** In the account of `prod`; trusts only the role `hub`. */
  prod: 'arn:aws:iam::222222222222:role/secrets-gateway',
  hub: 'arn:aws:iam::333333333333:role/hub',
  /** Can be assumed, but not with a source identity. */
  withoutIdentity: 'arn:aws:iam::111111111111:role/without-identity',
  /** Trusts the gateway's workload identity (see `web-identity.ts`). */
  workload: 'arn:aws:iam::111111111111:role/workload'
} as const

export const roles: Role[] = [
  { arn: roleArns.dev, trustPolicy: trust.replace('999999999999:role/gateway', '333333333333:user/AKIAPLATFORM'), identityPolicies: everything },
  { arn: roleArns.prod, trustPolicy: document({ Principal: { AWS: roleArns.hub }, Action: withIdentity }), identityPolicies: everything },
  { arn: roleArns.hub, trustPolicy: document({ Principal: { AWS: user }, Action: withIdentity }), identityPolicies: everything },
  { arn: roleArns.withoutIdentity, trustPolicy: document({ Principal: { AWS: user }, Action: 'sts:AssumeRole' }), identityPolicies: everything },
  {
    arn: roleArns.workload,
    trustPolicy: document({
      Principal: { Federated: `arn:aws:iam::111111111111:oidc-provider/${issuer.replace('https://', '')}` },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { 'cluster.example.com:sub': workload } }
    }),
    identityPolicies: everything
  }
]

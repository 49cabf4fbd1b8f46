import { Type, type Static } from '@sinclair/typebox'
import { Id } from '#src/schema/types'

/** A credential in the API's replies. It reveals neither the keys nor their location. */
export const CredentialDescription = Type.Object({
  id: Id({ description: 'What `AWS-Credential-Id` names it by', examples: ['local-dev'] }),
  kind: Type.String({ description: 'How the gateway comes by its keys', examples: ['assume-role'] }),
  account: Type.Optional(Type.String({
    description: 'The AWS account that it is of: a role\'s is in its ARN, that of another credential is known once it was proved',
    examples: ['111122223333']
  })),
  region: Type.String({ description: 'The region whose STS is asked for it', examples: ['eu-west-1'] })
}, { $id: 'Credential', title: 'Credential' })

/** The verified identity of a credential. */
export const ProvedCredential = Type.Object({
  id: Id({ examples: ['prod-account'] }),
  account: Type.String({ description: 'The AWS account', examples: ['111122223333'] }),
  arn: Type.String({
    description: 'The user, or the role\'s session, that the gateway is with it',
    examples: ['arn:aws:sts::111122223333:assumed-role/secrets-gateway/secrets-gateway']
  })
}, { $id: 'ProvedCredential', title: 'ProvedCredential' })

export type DescribedCredential = Static<typeof CredentialDescription>

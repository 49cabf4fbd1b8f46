import { Type, type Static } from '@sinclair/typebox'
import { Id } from '#src/schema/types'

/** A credential in the API's replies. It reveals neither the keys nor their location. */
export const CredentialDescription = Type.Object({
  id: Id({ description: 'The ID, as in `AWS-Credential-Id`', examples: ['local-dev'] }),
  kind: Type.String({ description: 'The way in which the gateway obtains the keys', examples: ['assume-role'] }),
  account: Type.Optional(Type.String({
    description: 'The AWS account of the credential. A role\'s is in its ARN; that of any other credential is known once STS ' +
      'has reported it',
    examples: ['111122223333']
  })),
  region: Type.String({ description: 'The region whose STS is called', examples: ['eu-west-1'] })
}, { $id: 'Credential', title: 'Credential' })

/** The verified identity of a credential. */
export const ProvedCredential = Type.Object({
  id: Id({ examples: ['prod-account'] }),
  account: Type.String({ description: 'The AWS account', examples: ['111122223333'] }),
  arn: Type.String({
    description: 'The ARN of the user, or of the role\'s session, that the credential belongs to',
    examples: ['arn:aws:sts::111122223333:assumed-role/secrets-gateway/secrets-gateway']
  })
}, { $id: 'ProvedCredential', title: 'ProvedCredential' })

export type DescribedCredential = Static<typeof CredentialDescription>

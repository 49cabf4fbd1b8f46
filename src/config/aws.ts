import { Type, type Static } from '@sinclair/typebox'
import { compact } from '#src/json/compact'
import { closed } from '#src/schema/types'

const origin = '^https?://[^/]+/?$'

/** The section `aws` of the file: where AWS is, and how much of it may be used. */
export const AwsSchema = Type.Object({
  endpoint: Type.Optional(Type.String({ pattern: origin, description: 'an http or https URL without a path, to reach something else than AWS' })),
  quotaShare: Type.Optional(Type.Number({ minimum: 0.1, maximum: 1, description: 'the part of AWS\'s request quotas for each process' })),
  stsEndpoint: Type.Optional(Type.String({ pattern: origin, description: 'an http or https URL without a path: where STS is, if not at `endpoint`' }))
}, closed)

export interface AwsSettings {
  /** Where to send what would go to AWS. */
  readonly endpoint?: string
  /** The part of AWS's request quotas that this process may use. */
  readonly quotaShare: number
  /** Where to send what would go to AWS STS. */
  readonly stsEndpoint?: string
}

/** Fills in the defaults. */
export function awsFrom ({ endpoint, quotaShare = 1, stsEndpoint = endpoint }: Static<typeof AwsSchema>): AwsSettings {
  return compact({ endpoint, quotaShare, stsEndpoint })
}

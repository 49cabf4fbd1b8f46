import { Type, type Static } from '@sinclair/typebox'
import { compact } from '#src/json/compact'
import { closed } from '#src/schema/types'

const origin = '^https?://[^/]+/?$'

/** The `aws` section of the configuration file: custom endpoints, and the share of AWS's request quotas. */
export const AwsSchema = Type.Object({
  endpoint: Type.Optional(Type.String({ pattern: origin, description: 'an http or https URL without a path' })),
  quotaShare: Type.Optional(Type.Number({ minimum: 0.1, maximum: 1, description: 'the part of AWS\'s request quotas for each process' })),
  stsEndpoint: Type.Optional(Type.String({ pattern: origin, description: 'an http or https URL without a path' }))
}, closed)

/** The AWS endpoints and the quota share. */
export interface AwsSettings {
  /** A custom endpoint URL for AWS Secrets Manager. */
  readonly endpoint?: string
  /** The share of AWS's request quotas that this process may use, from 0.1 to 1. */
  readonly quotaShare: number
  /** A custom endpoint URL for AWS STS. Defaults to `endpoint`. */
  readonly stsEndpoint?: string
}

/** Fills in the defaults of the `aws` section. */
export function awsFrom ({ endpoint, quotaShare = 1, stsEndpoint = endpoint }: Static<typeof AwsSchema>): AwsSettings {
  return compact({ endpoint, quotaShare, stsEndpoint })
}

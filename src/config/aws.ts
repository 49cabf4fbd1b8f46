import { Type, type Static } from '@sinclair/typebox'
import type { AwsSettings } from '#src/aws/settings'
import { endpointMembers, endpointsOf } from '#src/credentials/endpoints'
import { closed } from '#src/schema/types'

const seconds = (description: string) => Type.Optional(Type.Number({ minimum: 0.1, maximum: 300, description }))
const count = (maximum: number, description: string) => Type.Optional(Type.Integer({ minimum: 1, maximum, description }))

/** The `aws` section of the configuration file: custom endpoints, the share of AWS's request quotas, and the bounds of calls. */
export const AwsSchema = Type.Object({
  ...endpointMembers,
  quotaShare: Type.Optional(Type.Number({ minimum: 0.1, maximum: 1, description: 'the part of AWS\'s request quotas for each process' })),
  deadlineSeconds: seconds('the time limit of a call to Secrets Manager'),
  stsDeadlineSeconds: seconds('the time limit for getting keys from STS'),
  slots: count(10_000, 'the calls at the same time, for each credential and region'),
  backgroundSlots: count(10_000, 'the calls of bulk creates at the same time, for each credential and region'),
  queueLength: count(100_000, 'the calls that wait for a slot or for AWS\'s quota, for each credential and region'),
  queueSeconds: seconds('the time that a call may wait')
}, closed)

const defaults = {
  quotaShare: 1,
  deadlineSeconds: 10,
  stsDeadlineSeconds: 15,
  slots: 256,
  backgroundSlots: 32,
  queueLength: 2_000,
  queueSeconds: 3
} as const

/** Fills in the defaults of the `aws` section. */
export function awsFrom (declared: Static<typeof AwsSchema>): AwsSettings {
  const bounds = { ...defaults, ...declared }
  return {
    ...endpointsOf({}, declared),
    quotaShare: bounds.quotaShare,
    deadline: bounds.deadlineSeconds * 1_000,
    stsDeadline: bounds.stsDeadlineSeconds * 1_000,
    slots: { foreground: bounds.slots, background: bounds.backgroundSlots },
    queueLength: bounds.queueLength,
    queueTime: bounds.queueSeconds * 1_000
  }
}

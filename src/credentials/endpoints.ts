import { Type } from '@sinclair/typebox'
import { compact } from '#src/json/compact'

/** The settings that determine which AWS endpoints are called. By default, these are the regional endpoints. */
export interface EndpointSettings {
  /** A custom endpoint URL for AWS Secrets Manager. */
  readonly endpoint?: string
  /** A custom endpoint URL for AWS STS. */
  readonly stsEndpoint?: string
  /** True for the endpoints with validated cryptography (FIPS 140). */
  readonly useFipsEndpoint?: boolean
  /** True for the endpoints that have IPv6 addresses as well as IPv4 addresses. */
  readonly useDualstackEndpoint?: boolean
}

const Origin = Type.Optional(Type.String({ pattern: '^https?://[^/]+/?$', description: 'an http or https URL without a path' }))

/** The members of `EndpointSettings` in the configuration file. */
export const endpointMembers = {
  endpoint: Origin,
  stsEndpoint: Origin,
  useFipsEndpoint: Type.Optional(Type.Boolean()),
  useDualstackEndpoint: Type.Optional(Type.Boolean())
}

/**
 * Returns the endpoint settings that apply to a credential. Its own settings take precedence over the shared ones. By default, a
 * custom endpoint for Secrets Manager is also used for STS, because emulators of AWS serve both.
 */
export function endpointsOf (own: EndpointSettings, shared: EndpointSettings): EndpointSettings {
  return compact({
    endpoint: own.endpoint ?? shared.endpoint,
    stsEndpoint: own.stsEndpoint ?? own.endpoint ?? shared.stsEndpoint ?? shared.endpoint,
    useFipsEndpoint: own.useFipsEndpoint ?? shared.useFipsEndpoint,
    useDualstackEndpoint: own.useDualstackEndpoint ?? shared.useDualstackEndpoint
  })
}

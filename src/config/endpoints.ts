import { regions } from '#src/aws-model/partitions'
import type { AwsSettings } from '#src/aws/settings'
import { stsRegion, type CredentialDefinition } from '#src/credentials/definition'
import { endpointsOf, type EndpointSettings } from '#src/credentials/endpoints'
import type { Environment } from '#src/environments/environment'
import type { ConfigIssue } from './issues.ts'

interface Declared {
  readonly environments: ReadonlyMap<string, Environment>
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
  readonly aws: AwsSettings
}

/** Yields the issues with the endpoints of each credential, and with those that all credentials share. */
export function* endpointIssues ({ environments, credentials, aws }: Declared): Generator<ConfigIssue> {
  const shared = [...variantIssues('aws', aws)]
  yield* shared
  if (shared.length > 0) return
  for (const [id, definition] of credentials) {
    const key = `credentials.${id}`
    const endpoints = endpointsOf(definition, aws)
    const { endpoint, stsEndpoint } = endpoints
    yield* variantIssues(key, endpoints)
    yield* serviceIssues(`${key}.stsEndpoint`, stsEndpoint)
    const used = Array.from(environments.values()).filter(({ allowedCredentials }) => allowedCredentials.includes(id))
    for (const { region } of used) yield* regionIssue(`${key}.endpoint`, endpoint, region)
    yield* regionIssue(`${key}.stsEndpoint`, stsEndpoint, stsRegion(credentials, environments.values(), id))
  }
}

/**
 * Yields an issue for each setting that contradicts a custom endpoint. The SDK has no FIPS or dual-stack variant of a custom
 * endpoint, and would refuse each call.
 */
function* variantIssues (key: string, { endpoint, stsEndpoint, ...variants }: EndpointSettings): Generator<ConfigIssue> {
  if (endpoint === undefined && stsEndpoint === undefined) return
  for (const variant of ['useFipsEndpoint', 'useDualstackEndpoint'] as const) {
    if (variants[variant] !== true) continue
    yield { key: `${key}.${variant}`, found: 'true together with a custom endpoint', expected: 'one of the two' }
  }
}

/**
 * Yields an issue if a custom endpoint for STS is an AWS endpoint for Secrets Manager, such as a VPC endpoint, because such an
 * endpoint does not serve STS.
 */
function* serviceIssues (key: string, stsEndpoint: string | undefined): Generator<ConfigIssue> {
  const wrong = labelsOf(stsEndpoint).find((label) => label === 'secretsmanager' || label === 'secretsmanager-fips')
  if (wrong !== undefined) yield { key, found: 'an endpoint of Secrets Manager', expected: 'one of STS' }
}

/** Yields an issue if an AWS endpoint is not in the credential's region, because an endpoint serves only its own region. */
function* regionIssue (key: string, endpoint: string | undefined, region: string): Generator<ConfigIssue> {
  const served = labelsOf(endpoint).find((label) => regions.includes(label))
  if (served === undefined || served === region) return
  yield { key, found: `an endpoint in ${served}`, expected: `one in ${region}, where the credential is used` }
}

/** Returns the parts of a URL's host name, such as the region in `vpce-1-2.secretsmanager.eu-west-1.vpce.amazonaws.com`. */
const labelsOf = (url: string | undefined): string[] => url === undefined ? [] : URL.parse(url)?.hostname.split('.') ?? []

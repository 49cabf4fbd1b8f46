import { endpointsOf, type EndpointSettings } from '#src/credentials/endpoints'
import { compact } from '#src/json/compact'

/** The settings of an SDK client that determine the endpoint of its service. */
export type ServiceEndpoint = Omit<EndpointSettings, 'stsEndpoint'>

export const secretsManagerEndpoint = ({ stsEndpoint, ...settings }: EndpointSettings): ServiceEndpoint => settings

export const stsServiceEndpoint = ({ stsEndpoint, ...settings }: EndpointSettings): ServiceEndpoint =>
  compact({ ...settings, endpoint: stsEndpoint })

/** Returns the URL of STS in a region, according to the settings that all credentials share. */
export async function stsUrl (shared: EndpointSettings, region: string): Promise<string> {
  const { endpoint, ...variants } = stsServiceEndpoint(endpointsOf({}, shared))
  if (endpoint !== undefined) return endpoint
  const { STSClient } = await import('@aws-sdk/client-sts')
  const { config } = new STSClient({ region, ...variants })
  const [UseFIPS, UseDualStack] = await Promise.all([config.useFipsEndpoint(), config.useDualstackEndpoint()])
  return config.endpointProvider({ Region: region, UseFIPS, UseDualStack }).url.href
}

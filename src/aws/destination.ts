import type { STSClientConfig } from '@aws-sdk/client-sts'
import type { EndpointSettings } from '#src/credentials/endpoints'
import { secretsManagerEndpoint, stsServiceEndpoint } from './endpoints.ts'
import { sdk } from './sdk.ts'

/** The services that the gateway calls with each credential. */
export type CalledService = 'Secrets Manager' | 'STS'

/** A call to a service. */
export interface Destination {
  readonly service: CalledService
  readonly region: string
  readonly endpoints: EndpointSettings
}

/** The part of the SDK's requests that contains their destination. */
interface Addressed {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
}

type Settings = Pick<STSClientConfig, 'region' | 'credentials' | 'requestHandler' | 'maxAttempts'>

const callers: Readonly<Record<CalledService, (settings: Settings, endpoints: EndpointSettings) => Promise<unknown>>> = {
  'Secrets Manager': async (settings, endpoints) =>
    new (sdk().secretsManager.SecretsManager)({ ...settings, ...secretsManagerEndpoint(endpoints) }).listSecrets({}),
  async STS (settings, endpoints) {
    const { STS } = await import('@aws-sdk/client-sts')
    return new STS({ ...settings, ...stsServiceEndpoint(endpoints) }).getCallerIdentity({})
  }
}

/**
 * Returns the origin of the URL at which the SDK calls a service. It depends on the settings, and also on AWS's own environment
 * variables and configuration files. Nothing is sent.
 *
 * @throws Error if the SDK has no endpoint for these settings
 */
export async function originOf ({ service, region, endpoints }: Destination): Promise<string> {
  return new Promise((resolve, reject) => {
    const handle = async ({ protocol, hostname, port }: Addressed): Promise<never> => {
      resolve(new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`).origin)
      throw new Error('Not sent')
    }
    // The SDK requires keys, although the request is not sent.
    const credentials = { accessKeyId: 'none', secretAccessKey: 'none' }
    callers[service]({ region, credentials, requestHandler: { handle }, maxAttempts: 1 }, endpoints).catch(reject)
  })
}

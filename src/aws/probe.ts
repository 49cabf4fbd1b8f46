import { getOrCreate } from '#src/collections/get-or-create'
import type { CredentialDefinition } from '#src/credentials/definition'
import { endpointsOf, type EndpointSettings } from '#src/credentials/endpoints'
import { timeouts } from './clients.ts'
import { originOf, type CalledService } from './destination.ts'
import { dryCalls, dryReply, type DryOperation, type DryReply, type DryTarget } from './dry-calls.ts'
import { secretsManagerEndpoint, stsServiceEndpoint } from './endpoints.ts'
import { originOfKeys } from './key-origin.ts'
import { credentialKeys, type CredentialKeys } from './keys.ts'
import { sdk } from './sdk.ts'
import type { AwsSettings } from './settings.ts'
import type { SecretsManager } from './types.ts'
import { until, wholeReplies } from './whole-replies.ts'

/** The facts about a credential's keys that may be displayed. */
export interface ObtainedKeys {
  readonly expiration?: Date
  /** The place where the SDK's default chain found the keys, if known. */
  readonly origin?: string
}

/** Calls to AWS that examine the gateway's access, and change nothing. */
export interface Probe extends Pick<CredentialKeys, 'verify'> {
  /** Gets the keys of a credential. @throws Problem if that is not possible */
  obtain: (credentialId: string) => Promise<ObtainedKeys>
  /** Returns the origin of the URL at which a service is called with a credential. @throws Error if there is none */
  originOf: (service: CalledService, credentialId: string, region: string) => Promise<string>
  /** Determines whether a credential may carry out an operation. */
  attempt: (credentialId: string, region: string, operation: DryOperation, target: DryTarget) => Promise<DryReply>
  close: () => void
}

export interface ProbeOptions {
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
  /** Returns the region of the STS endpoint that a credential uses. */
  readonly stsRegion: (credentialId: string) => string
  readonly aws: AwsSettings
  /** Returns the time in milliseconds since the epoch. */
  readonly now: () => number
}

/** Opens a probe, which gets the keys in the same way as the gateway does. */
export function openProbe ({ credentials, stsRegion, aws, now }: ProbeOptions): Probe {
  const handler = wholeReplies(new (sdk().http.NodeHttpHandler)(timeouts), aws.stsDeadline)
  const { keys, verify } = credentialKeys({
    credentials,
    deadline: aws.stsDeadline,
    now,
    sts: (credentialId, signal) => ({
      region: stsRegion(credentialId),
      requestHandler: until(signal, handler),
      ...stsServiceEndpoint(endpointsFor(credentialId))
    })
  })

  function endpointsFor (credentialId: string): EndpointSettings {
    return endpointsOf(credentials.get(credentialId) ?? {}, aws)
  }

  const clients = new Map<string, SecretsManager>()
  const clientFor = (credentialId: string, region: string): SecretsManager => getOrCreate(clients, `${credentialId} ${region}`, () =>
    new (sdk().secretsManager.SecretsManager)({
      region,
      // `memoized` tells the SDK not to cache the keys itself.
      credentials: Object.assign(async () => keys({ credentialId }), { memoized: true }),
      requestHandler: handler,
      ...secretsManagerEndpoint(endpointsFor(credentialId))
    }))

  return {
    verify,
    async obtain (credentialId) {
      const obtained = await keys({ credentialId })
      const { expiration } = obtained
      const origin = originOfKeys(obtained)
      return { ...expiration !== undefined && { expiration }, ...origin !== undefined && { origin } }
    },
    originOf: async (service, credentialId, region) =>
      originOf({ service, region, endpoints: endpointsFor(credentialId) }),
    async attempt (credentialId, region, operation, target) {
      const abortSignal = AbortSignal.timeout(aws.deadline)
      return dryReply(operation, dryCalls[operation](clientFor(credentialId, region), target, { abortSignal }))
    },
    close () { handler.destroy() }
  }
}

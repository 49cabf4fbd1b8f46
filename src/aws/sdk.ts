import { createRequire } from 'node:module'
import type * as SecretsManagerSdk from '@aws-sdk/client-secrets-manager'
import type * as Retry from '@smithy/core/retry'
import type * as NodeHandler from '@smithy/node-http-handler'

const require = createRequire(import.meta.url)

/** The parts of the AWS SDK that the gateway needs for Secrets Manager. */
export interface Sdk {
  readonly secretsManager: typeof SecretsManagerSdk
  readonly retry: typeof Retry
  readonly http: typeof NodeHandler
}

let loaded: Sdk | undefined

/**
 * Returns the SDK. Loads it at the first call instead of at startup, because it takes as long to load as Fastify, and the gateway
 * can listen without it.
 */
export const sdk = (): Sdk => loaded ??= {
  secretsManager: require('@aws-sdk/client-secrets-manager') as typeof SecretsManagerSdk,
  retry: require('@smithy/core/retry') as typeof Retry,
  http: require('@smithy/node-http-handler') as typeof NodeHandler
}

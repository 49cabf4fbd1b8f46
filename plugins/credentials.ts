import fp from 'fastify-plugin'
import { awsClients, type Clients } from '#src/aws/clients'
import type { Identity } from '#src/aws/identity'
import type { KeysFor } from '#src/aws/keys'
import type { SecretsPort } from '#src/aws/port'
import { createRateLimiters } from '#src/aws/rate-limiter'
import { createSecretsPort } from '#src/aws/secrets-port'
import { stsRegion } from '#src/credentials/definition'
import type { DescribedCredential } from '#src/credentials/schemas'

declare module 'fastify' {
  interface FastifyInstance {
    /** AWS Secrets Manager. */
    aws: SecretsPort
    /**
     * Returns the SDK's client of a credential in a region. The client of a role is the caller's, or the gateway's own without a
     * caller. With an account, its calls fail with `credential-account-mismatch` if the credential belongs to another.
     */
    awsClient: (credentialId: string, region: string, use?: Omit<KeysFor, 'credentialId'>) => ReturnType<Clients['client']>
    /** Whose a credential is, as AWS says now to the gateway itself; fails with a `Problem`. */
    verifyCredential: (credentialId: string) => Promise<Identity>
    /** The declared credentials, in their order, as the API shows them. */
    describeCredentials: () => DescribedCredential[]
  }
}

/** Milliseconds that requests under way keep the clients of a configuration that has been replaced. */
const grace = 60_000

/** Through which AWS credential: the one that the request names by its ID, else the environment's. */
export default fp(async (fastify) => {
  const rateLimiters = createRateLimiters(() => fastify.config.current.aws.quotaShare)
  const clients = fastify.config.derive(({ credentials, environments, aws: { endpoint, stsEndpoint } }) => awsClients({
    credentials,
    stsRegion: (credentialId) => stsRegion(credentials, environments.values(), credentialId),
    endpoint,
    stsEndpoint,
    rateLimiters,
    now: fastify.now
  }), retire)

  fastify.decorate('aws', createSecretsPort(clients))
  fastify.decorate('awsClient', (credentialId, region, use) => clients().client({ credentialId, ...use }, region))
  fastify.decorate('verifyCredential', async (credentialId) => clients().verify(credentialId))
  fastify.decorate('describeCredentials', () => {
    const { credentials, environments } = fastify.config.current
    return Array.from(credentials, ([id, { kind }]) => {
      const account = clients().accountOf(id)
      return { id, kind, region: stsRegion(credentials, environments.values(), id), ...(account !== undefined && { account }) }
    })
  })
  fastify.addHook('onClose', async () => { clients().close() })
}, { name: 'credentials', dependencies: ['config'] })

function retire (clients: Clients): void {
  setTimeout(() => { clients.close() }, grace).unref()
}

import fp from 'fastify-plugin'
import { awsClients, type Clients } from '../src/aws/clients.ts'
import type { SecretsManager } from '../src/aws/types.ts'
import { invalidRequest } from '../src/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route's body has an `awsCredentialId`, beside the header. */
    bodyNamesCredential?: true
  }
  interface FastifyInstance {
    /** The client of a credential in a region. */
    aws: (credentialId: string, region: string) => SecretsManager
  }
  interface FastifyRequest {
    /** The credential to use; none where the request names one that the environment does not allow. */
    credentialId?: string
  }
}

/** Milliseconds that requests under way keep the clients of a configuration that has been replaced. */
const grace = 60_000

/** Through which AWS credential: the one that the request names by its ID, else the environment's. */
export default fp(async (fastify) => {
  const clients = fastify.config.derive(({ credentials, endpoint }) => awsClients(credentials, endpoint), retire)

  fastify.decorate('aws', (credentialId, region) => clients().client(credentialId, region))
  fastify.addHook('onClose', async () => { clients().close() })

  fastify.decorateRequest('credentialId')

  fastify.addHook('preHandler', async (request) => {
    const { environment } = request
    if (environment === undefined) return
    const { 'aws-credential-id': inHeader } = request.headers as { 'aws-credential-id'?: string }
    const named = request.routeOptions.config.bodyNamesCredential ? request.body : {}
    const { awsCredentialId: inBody } = named as { awsCredentialId?: string }
    if (inHeader !== undefined && inBody !== undefined && inHeader !== inBody) {
      throw invalidRequest({ in: 'body', pointer: '/awsCredentialId', message: 'must be the same as the header AWS-Credential-Id' })
    }
    const id = inHeader ?? inBody ?? environment.credential
    if (environment.allowedCredentials.includes(id)) request.credentialId = id
  })
}, { name: 'credentials', dependencies: ['config', 'environments'] })

function retire (clients: Clients): void {
  setTimeout(() => { clients.close() }, grace).unref()
}

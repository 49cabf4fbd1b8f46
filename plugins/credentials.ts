import fp from 'fastify-plugin'
import { awsClients } from '../src/aws/clients.ts'
import type { SecretsManager } from '../src/aws/types.ts'
import { invalidRequest } from '../src/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The client of a credential in a region. */
    aws: (credentialId: string, region: string) => SecretsManager
  }
  interface FastifyRequest {
    /** The credential to use; none where the request names one that the environment does not allow. */
    credentialId?: string
  }
}

/** Through which AWS credential: the one that the request names by its ID, else the environment's. */
export default fp(async (fastify) => {
  const clients = fastify.config.derive(({ credentials, endpoint }) => awsClients(credentials, endpoint))

  fastify.decorate('aws', (credentialId, region) => clients().client(credentialId, region))
  fastify.addHook('onClose', async () => { clients().close() })

  fastify.decorateRequest('credentialId')

  fastify.addHook('preHandler', async (request) => {
    const { environment } = request
    if (environment === undefined) return
    const { 'aws-credential-id': inHeader } = request.headers as Record<string, string | undefined>
    const inBody = bodyCredential(request.body)
    if (inHeader !== undefined && inBody !== undefined && inHeader !== inBody) {
      throw invalidRequest({ in: 'body', pointer: '/awsCredentialId', message: 'must be the same as the header AWS-Credential-Id' })
    }
    const id = inHeader ?? inBody ?? environment.credential
    if (environment.allowedCredentials.includes(id)) request.credentialId = id
  })
}, { name: 'credentials', dependencies: ['config', 'environments'] })

/** Of the request bodies only a bulk create's has it, and its schema has checked it. */
const bodyCredential = (body: unknown): string | undefined =>
  typeof body === 'object' && body !== null && 'awsCredentialId' in body && typeof body.awsCredentialId === 'string'
    ? body.awsCredentialId
    : undefined

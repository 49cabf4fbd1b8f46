import fp from 'fastify-plugin'
import { BulkCreateReply } from '../src/secrets/bulk/schemas.ts'
import { SecretMetadata, SecretValue, SecretVersion, WrittenSecret } from '../src/secrets/schemas.ts'
import { EnvironmentDescription } from '../src/environments/schemas.ts'

/** The schemas that the document names; a route's reply refers to them. */
export default fp(async (fastify) => {
  for (const schema of [BulkCreateReply, EnvironmentDescription, SecretMetadata, SecretValue, SecretVersion, WrittenSecret]) {
    fastify.addSchema(schema)
  }
}, { name: 'schemas' })

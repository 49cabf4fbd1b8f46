import fp from 'fastify-plugin'
import { CredentialDescription, ProvedCredential } from '../src/credentials/schemas.ts'
import { serializerCompiler } from '../src/http/serialization.ts'
import { JobReply } from '../src/jobs/schemas.ts'
import { BulkCreateReply, BulkItemReply } from '../src/secrets/bulk/schemas.ts'
import { ConsistencyReport } from '../src/secrets/consistency/schemas.ts'
import { PromotionReply } from '../src/secrets/promotions/schemas.ts'
import { References } from '../src/secrets/references/schemas.ts'
import { SecretMetadata, SecretValue, SecretVersion, WrittenSecret } from '../src/secrets/schemas.ts'
import { EnvironmentDescription } from '../src/environments/schemas.ts'

/** The schemas that the document names; a route's reply refers to them. */
export default fp(async (fastify) => {
  for (const schema of [
    BulkItemReply, BulkCreateReply, JobReply, ConsistencyReport, EnvironmentDescription, PromotionReply, References,
    SecretMetadata, SecretValue, SecretVersion, WrittenSecret, CredentialDescription, ProvedCredential
  ]) {
    fastify.addSchema(schema)
  }
  fastify.setSerializerCompiler(serializerCompiler(() => fastify.getSchemas()))
}, { name: 'schemas' })

import fp from 'fastify-plugin'
import { CredentialDescription, ProvedCredential } from '#src/credentials/schemas'
import { EnvironmentDescription } from '#src/environments/schemas'
import { serializerCompiler } from '#src/http/serialization'
import { JobReply } from '#src/jobs/schemas'
import { BulkCreateReply, BulkItemReply } from '#src/secrets/bulk/schemas'
import { ConsistencyReport } from '#src/secrets/consistency/schemas'
import { PromotionReply } from '#src/secrets/promotions/schemas'
import { References } from '#src/secrets/references/schemas'
import { SecretMetadata, SecretValue, SecretVersion, WrittenSecret } from '#src/secrets/schemas'

/** Registers the schemas that the routes' reply schemas refer to. They become components of the OpenAPI document. */
export default fp(async (fastify) => {
  for (const schema of [
    BulkItemReply, BulkCreateReply, JobReply, ConsistencyReport, EnvironmentDescription, PromotionReply, References,
    SecretMetadata, SecretValue, SecretVersion, WrittenSecret, CredentialDescription, ProvedCredential
  ]) {
    fastify.addSchema(schema)
  }
  fastify.setSerializerCompiler(serializerCompiler(() => fastify.getSchemas()))
}, { name: 'schemas' })

import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import { describeApi } from '../src/http/openapi.ts'

/** The OpenAPI document, made from the routes' schemas, and Swagger UI at `/docs`. */
export default fp(async (fastify) => {
  await fastify.register(swagger, {
    openapi: describeApi(),
    // A component's name is its schema's $id.
    refResolver: { buildLocalReference: ({ $id }, _baseUri, _fragment, index) => typeof $id === 'string' ? $id : `schema-${index}` }
  })
  await fastify.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { tryItOutEnabled: true, displayRequestDuration: true, docExpansion: 'list', deepLinking: true, validatorUrl: null }
  })
}, { name: 'openapi', dependencies: ['schemas', 'errors'] })

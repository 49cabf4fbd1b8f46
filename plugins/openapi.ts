import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import { describeApi, withoutPrefilledOptions } from '#src/http/openapi'

/** Everything comes from the gateway itself, also over plain HTTP. The hash is that of Swagger UI's one inline style. */
const contentSecurityPolicy = [
  'default-src \'none\'',
  'connect-src \'self\'',
  'img-src \'self\' data:',
  'script-src \'self\'',
  'style-src \'self\' \'unsafe-hashes\' \'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w=\'',
  'base-uri \'none\'',
  'form-action \'none\'',
  'frame-ancestors \'none\''
].join('; ')

/** The OpenAPI document, made from the routes' schemas, and Swagger UI at `/docs`. */
export default fp(async (fastify) => {
  await fastify.register(swagger, {
    openapi: describeApi(),
    // A component's name is its schema's $id.
    refResolver: { buildLocalReference: ({ $id }, _baseUri, _fragment, index) => typeof $id === 'string' ? $id : `schema-${index}` },
    transformObject: withoutPrefilledOptions
  })
  await fastify.register(async (documentation) => {
    // Its routes are its own, and can't declare their action themselves.
    documentation.addHook('onRoute', (route) => { route.config = { ...route.config, action: 'Public' } })
    await documentation.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: contentSecurityPolicy,
      // The bar on top is for loading other documents.
      theme: { title: 'secrets-gateway', css: [{ filename: 'theme.css', content: '.swagger-ui .topbar { display: none }' }] },
      uiConfig: { tryItOutEnabled: true, displayRequestDuration: true, docExpansion: 'list', deepLinking: true, validatorUrl: null }
    })
  })
}, { name: 'openapi', dependencies: ['schemas', 'errors'] })

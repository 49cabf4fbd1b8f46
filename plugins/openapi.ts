import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import { contentSecurityPolicy } from '#src/http/content-security-policy'
import { documentOptions, finishDocument } from '#src/http/openapi'

const folder = join(import.meta.dirname, '../src/pages/swagger-ui')

/** Reads one of the gateway's additions to Swagger UI. */
const addition = async (filename: string): Promise<{ filename: string, content: string }> =>
  ({ filename, content: await readFile(join(folder, filename), 'utf8') })

/** Generates the OpenAPI document from the routes' schemas, and serves Swagger UI at `/docs`. */
export default fp(async (fastify) => {
  await fastify.register(swagger, { ...documentOptions(), transformObject: finishDocument })
  await fastify.register(async (documentation) => {
    // Declares the action, because @fastify/swagger-ui registers its routes without one.
    documentation.routeDefaults = { action: 'Public' }
    await documentation.register(swaggerUi, {
      routePrefix: '/docs',
      // The hash allows Swagger UI's only inline style.
      staticCSP: contentSecurityPolicy({
        'style-src': '\'self\' \'unsafe-hashes\' \'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w=\'',
        'img-src': '\'self\' data:'
      }),
      theme: {
        title: 'API – secrets-gateway',
        css: [await addition('theme.css')],
        js: [await addition('plugin.js')]
      },
      uiConfig: {
        tryItOutEnabled: true, displayRequestDuration: true, docExpansion: 'list', deepLinking: true, filter: true, validatorUrl: null
      }
    })
  })
}, { name: 'openapi', dependencies: ['schemas', 'request'] })

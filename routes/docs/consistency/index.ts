import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { contentSecurityPolicy } from '#src/http/content-security-policy'

/** The page's content security policy. It uses Trusted Types to keep scripts from turning text into markup. */
const policy = contentSecurityPolicy({ 'require-trusted-types-for': '\'script\'', 'trusted-types': '\'none\'' })

const folder = join(import.meta.dirname, '../../../src/pages/consistency')

/** The page's files, by request path. */
const files = {
  '': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/script.js': { file: 'script.js', type: 'text/javascript; charset=utf-8' },
  '/style.css': { file: 'style.css', type: 'text/css; charset=utf-8' }
}

/** Serves the page that shows the differences between environments. Its script requests the data with the visitor's token. */
const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  for (const [url, { file, type }] of Object.entries(files)) {
    const content = await readFile(join(folder, file), 'utf8')
    fastify.route({
      method: 'GET',
      url,
      config: { action: 'Public' },
      schema: { hide: true },
      handler: async (_request, reply) => reply
        .headers({
          'content-type': type,
          'content-security-policy': policy,
          'cache-control': 'no-cache',
          'referrer-policy': 'no-referrer'
        })
        .send(content)
    })
  }
}

export default routes

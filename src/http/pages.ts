import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { contentSecurityPolicy } from './content-security-policy.ts'

/**
 * The content security policy of the pages. Scripts, styles and data come from the gateway alone, and no script or style is
 * inline. No script can turn text into markup, because no Trusted Types policy is allowed.
 */
const policy = contentSecurityPolicy({ 'require-trusted-types-for': '\'script\'', 'trusted-types': '\'none\'' })

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8'
}

const folder = join(import.meta.dirname, '../pages')

/**
 * Serves the pages. They are public, because they contain no data: their scripts request it with the visitor's token.
 *
 * @param pages the HTML file in `src/pages` for each path
 * @param base the path under which all other files in `src/pages` are served
 */
export async function servePages (
  fastify: FastifyInstance, pages: Readonly<Record<string, string>>, base: string
): Promise<void> {
  const found = await readdir(folder, { recursive: true })
  const assets = found.filter((file) => ['.js', '.css'].includes(extname(file)))
  const files = { ...pages, ...Object.fromEntries(assets.map((file) => [`${base}/${file.replaceAll('\\', '/')}`, file])) }
  for (const [url, file] of Object.entries(files)) {
    const content = await readFile(join(folder, file))
    fastify.route({
      method: 'GET',
      url,
      config: { action: 'Public' },
      schema: { hide: true },
      handler: async (_request, reply) => reply
        .headers({
          'content-type': types[extname(file)] ?? '',
          'content-security-policy': policy,
          'cache-control': 'no-cache',
          'referrer-policy': 'no-referrer'
        })
        .send(content)
    })
  }
}

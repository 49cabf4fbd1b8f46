import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { servePages } from '#src/http/pages'

/** The HTML file of each page. */
const pages = {
  '/': 'console/index.html',
  '/docs/consistency': 'consistency/index.html',
  '/docs/posture': 'posture/index.html'
}

const routes: FastifyPluginAsyncTypebox = async (fastify) => servePages(fastify, pages, '/docs/pages')

export default routes

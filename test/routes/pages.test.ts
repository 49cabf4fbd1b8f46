import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { build } from '#test/helper'

const folder = join(import.meta.dirname, '../../src/pages')
const types: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css' }

t.test('the pages and their files', async (t) => {
  const gateway = await build(t)
  const get = async (path: string): ReturnType<typeof gateway.send> => gateway.send('GET', path, { token: null })

  const pages = ['/', '/docs/consistency', '/docs/posture']
  const assets = (await readdir(folder, { recursive: true })).filter((file) => /\.(?:js|css)$/.test(file)).map((file) => `/docs/pages/${file}`)
  for (const path of [...pages, ...assets]) {
    const reply = await get(path)
    t.equal(reply.status, 200, path)
    t.equal(reply.headers.get('content-type'), `${types[path.split('.')[1] ?? 'html'] ?? ''}; charset=utf-8`, path)
    t.match(reply.headers.get('content-security-policy'), /^default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self'; .*require-trusted-types-for 'script'; trusted-types 'none'$/)
    t.notMatch(reply.headers.get('content-security-policy'), 'unsafe')
    t.equal(reply.headers.get('x-content-type-options'), 'nosniff')
    t.equal(reply.headers.get('referrer-policy'), 'no-referrer')
    t.equal((await gateway.send('HEAD', path, { token: null })).status, 200)
  }

  for (const path of pages) {
    const { text } = await get(path)
    t.notMatch(text, /<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/, 'a page has no inline scripts or styles')
    for (const [, link = ''] of text.matchAll(/(?:src|href)="(\/[^"]*)"/g)) t.equal((await get(link)).status, 200, link)
  }
  for (const path of assets.filter((file) => file.endsWith('.js'))) {
    for (const [, imported = ''] of (await get(path)).text.matchAll(/^import .* from '(.*)'$/gm)) t.ok(assets.includes(new URL(imported, `http://gateway${path}`).pathname), `${path} imports ${imported}`)
  }
  for (const path of ['/docs/pages/../pages/none.js', '/docs/pages/console/index.html', '/docs/pages/console/%2e%2e/%2e%2e/app.ts']) t.equal((await get(path)).status, 404, path)
  t.notOk(Object.keys((gateway.fastify.swagger() as { paths: object }).paths).some((path) => path === '/' || path.startsWith('/docs')))
})

import t from 'tap'
import { build } from '#test/helper'

t.test('the consistency page', async (t) => {
  const gateway = await build(t)
  const get = async (path: string): ReturnType<typeof gateway.send> => gateway.send('GET', path, { token: null })

  for (const [path, type] of [
    ['/docs/consistency', 'text/html'], ['/docs/consistency/script.js', 'text/javascript'], ['/docs/consistency/style.css', 'text/css']
  ] as const) {
    const reply = await get(path)
    t.equal(reply.status, 200)
    t.equal(reply.headers.get('content-type'), `${type}; charset=utf-8`)
    t.match(reply.headers.get('content-security-policy'), /default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self';/)
    t.notMatch(reply.headers.get('content-security-policy'), 'unsafe')
    t.equal(reply.headers.get('x-content-type-options'), 'nosniff')
    t.equal(reply.headers.get('referrer-policy'), 'no-referrer')
  }

  const { text } = await get('/docs/consistency')
  t.notMatch(text, /<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/, 'the page has no inline scripts or styles')
  for (const [, path = ''] of text.matchAll(/(?:src|href)="(\/[^"]*)"/g)) t.equal((await get(path)).status, 200, path)
  t.equal((await get('/docs/consistency/../consistency/none')).status, 404)
  t.notOk(Object.keys((gateway.fastify.swagger() as { paths: object }).paths).some((path) => path.startsWith('/docs')))
})

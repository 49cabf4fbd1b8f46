import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { catalogue } from '#src/problems/catalogue'
import { build } from '#test/helper'
import { launch, skip } from './chromium.ts'

/** Runs code in a page. The code can use all exports of the shared scripts. */
type Run = <T>(code: string) => Promise<T>

async function sharedScripts (t: Test): Promise<{ page: Page, run: Run }> {
  const gateway = await build(t)
  const page = await (await launch(t)).newPage()
  await page.goto(gateway.url)
  return {
    page,
    run: async (code) => page.evaluate(`(async () => {
      const scripts = await Promise.all(['dom', 'gateway', 'session', 'words'].map((name) => import('/docs/pages/shared/' + name + '.js')))
      const { byId, call, dateText, dayText, definitions, environmentPath, h, ifCurrent, pages, plural, Refusal, secretPath, signIn, signOut, token, wordsFor } = Object.assign({}, ...scripts)
      ${code}
    })()`)
  }
}

await t.test('elements', { skip }, async (t) => {
  const { run } = await sharedScripts(t)
  t.equal(
    await run('return h("button", { type: "button", disabled: true, hidden: false, title: undefined, tabindex: 0 }, "<a>", undefined, false, h("b", {}, "c")).outerHTML'),
    '<button type="button" disabled="" tabindex="0">&lt;a&gt;<b>c</b></button>'
  )
  t.equal(await run('let clicks = 0; h("button", { click: () => { clicks += 1 } }).click(); return clicks'), 1)
  t.equal(await run('return byId("welcome", HTMLElement).id'), 'welcome')
  for (const [id, type] of [['welcome', 'HTMLInputElement'], ['none', 'HTMLElement']]) {
    t.equal(await run(`try { return byId('${id}', ${type}).id } catch ({ message }) { return message }`), `The page has no ${type} #${id}`)
  }
  t.equal(
    await run('return definitions([["a", "x"], ["b", undefined], ["c", ""], ["d", h("code", {}, "y")], ["e", h("span", {}, "z")]]).outerHTML'),
    '<dl class="definitions"><div><dt>a</dt><dd>x</dd></div><div class="whole"><dt>d</dt><dd><code>y</code></dd></div><div><dt>e</dt><dd><span>z</span></dd></div></dl>'
  )
  t.same(await run('return [dateText(undefined), dayText(undefined)].map(String)'), ['undefined', 'undefined'])
  t.match(await run('return dateText("2026-06-30T12:00:00Z").outerHTML'), /^<time datetime="2026-06-30T12:00:00Z" title="2026-06-30T12:00:00Z">.*2026.*<\/time>$/)
  t.match(await run('return dayText("2026-06-30T23:59:59Z").outerHTML'), /^<time datetime="2026-06-30">.*30.*<\/time>$/, 'the day in UTC')
  t.same(await run('return [plural(0, "secret"), plural(1, "secret"), plural(1234, "secret"), plural(1, "entry", "entries"), plural(2, "entry", "entries")]'), ['0 secrets', '1 secret', '1,234 secrets', '1 entry', '2 entries'])
})

await t.test('the token', { skip }, async (t) => {
  const { run } = await sharedScripts(t)
  t.equal(await run('return token()'), '')
  for (const given of ['abc', ' abc\\n', 'Bearer abc', 'bearer   abc']) t.equal(await run(`signIn('${given}'); return token()`), 'abc', given)
  for (const given of ['', 'a b', 'a\\tb', 'aé', 'xBearer abc']) t.match(await run(`try { signIn('${given}'); return 'taken' } catch ({ message }) { return message }`), /^That is not a token/, given)
  t.equal(await run('signOut(); return token()'), '')
})

await t.test('calls', { skip }, async (t) => {
  const { page, run } = await sharedScripts(t)
  t.equal(await run('return environmentPath("a b") + environmentPath("dev", "/x") + secretPath("dev", "a/b") + secretPath("dev", "c", "/tags")'), '/environments/a%20b/environments/dev/x/environments/dev/secrets/a%2Fb/environments/dev/secrets/c/tags')
  t.same(await run('return [undefined, "a-1~!", "", "a\\"b", "é", "a b", "1%", "a,b"].map(ifCurrent)'), ['*', '"a-1~!"', '""', '"a%22b"', '"%C3%A9"', '"a%20b"', '"1%25"', '"a%2Cb"'])
  const sent: Record<string, string>[] = []
  await page.route('**/echo', async (route) => {
    sent.push(await route.request().allHeaders())
    await route.fulfill({ json: { ok: true } })
  })
  await run('signIn("abc"); await call("GET", "/echo", { needs: "X" }); await call("PUT", "/echo", { needs: "X", body: "{}", ifMatch: "*" }); await call("PATCH", "/echo", { needs: "X", body: "1", type: "text/plain" })')
  t.match(sent, [
    { authorization: 'Bearer abc', accept: 'application/json' }, { 'content-type': 'application/json', 'if-match': '*' }, { 'content-type': 'text/plain' }
  ])
  t.notOk('content-type' in (sent[0] ?? {}) || 'if-match' in (sent[0] ?? {}) || 'if-match' in (sent[2] ?? {}))

  const problem = { code: 'rate-limited', title: 'T', detail: 'd' }
  await page.route('**/limited', async (route) => route.fulfill({ status: 429, headers: { 'retry-after': '7' }, json: problem }))
  await page.route('**/refused', async (route) => route.fulfill({ status: 403, json: problem }))
  await page.route('**/portal', async (route) => route.fulfill({ body: '<p>' }))
  await page.route('**/gone', async (route) => route.abort())
  const refusal = async (path: string): Promise<unknown> =>
    run(`try { return await call('GET', '${path}', { needs: 'X' }) } catch ({ problem: { code }, action, retryAfter = 'none' }) { return [code, action, retryAfter] }`)
  t.same(await refusal('/limited'), ['rate-limited', 'X', 7])
  t.same(await refusal('/refused'), ['rate-limited', 'X', 'none'])
  t.same(await refusal('/portal'), ['unreadable', 'X', 'none'])
  t.same(await refusal('/gone'), ['unreachable', 'X', 'none'])

  const asked: string[] = []
  await page.route('**/list?*', async (route) => {
    asked.push(new URL(route.request().url()).search)
    await route.fulfill({ json: { items: [asked.length], ...asked.length < 3 && { nextCursor: `c${asked.length}` } } })
  })
  t.same(await run('const items = []; for await (const page of pages("/list", { a: "b" }, "X")) items.push(...page.items); return items'), [1, 2, 3])
  t.same(asked, ['?a=b&limit=100', '?a=b&limit=100&cursor=c1', '?a=b&limit=100&cursor=c2'])
})

await t.test('the words for a problem', { skip }, async (t) => {
  const { run } = await sharedScripts(t)
  const words = async (problem: object, more = 'undefined, undefined', context = '{}'): Promise<unknown> =>
    run(`return wordsFor(new Refusal(${JSON.stringify({ title: 'T', detail: 'd', ...problem })}, ${more}), ${context})`)
  t.match(await words({ code: 'unauthenticated' }), { isSignedOut: true })
  t.match(await words({ code: 'forbidden' }, '"GetSecretValue", undefined', '{ environment: "dev" }'), { title: 'You may not do this in dev.', next: /permission GetSecretValue\.$/ })
  t.match(await words({ code: 'forbidden' }), { title: 'You may not do this.', next: /permission to do it\.$/ })
  t.match(await words({ code: 'not-found', detail: 'No `dev`, or `b` is `c`.' }), { title: 'No “dev”, or “b” is “c”.' })
  t.match(await words({ code: 'secret-not-found' }, undefined, '{ environment: "dev", name: "a" }'), { title: 'There is no secret “a” in dev.' })
  t.match(await words({ code: 'secret-exists' }), { title: 'A secret with this name exists in this environment.' })
  t.match(await words({ code: 'invalid-request', errors: [{ pointer: '/name', message: 'is too long' }, { pointer: '', message: 'is wrong' }] }), { next: 'name is too long. It is wrong.' })
  t.match(await words({ code: 'invalid-request' }), { next: '' })
  t.match(await words({ code: 'rate-limited' }, 'undefined, 7'), { next: 'Try again in 7 s.' })
  t.match(await words({ code: 'rate-limited' }), { next: 'Try again in 1 s.' })
  t.match(await words({ code: 'aws-limit-exceeded', requestId: 'r' }), { title: 'T.', requestId: 'r' })
  const unknown = await words({ code: 'new' })
  t.match(unknown, { title: 'T.', next: /the request’s ID\.$/ })
  t.notOk('requestId' in Object(unknown))
  t.same(await run('return [wordsFor(new Error("E")), wordsFor("x")]'), [{ title: 'E', next: '' }, { title: 'Something has failed.', next: '' }])
})

/** The problems that no request of the pages can have. */
const impossible = new Set([
  'malformed-request', 'cross-site-request', 'field-not-found', 'not-acceptable', 'method-not-allowed', 'unsupported-media-type', 'expectation-failed',
  'idempotency-conflict', 'idempotency-mismatch', 'idempotency-key-spent', 'not-all-done', 'some-failed', 'not-taken-back', 'value-needed',
  'cache-disabled', 'caller-gone', 'headers-too-large', 'shared-state-unavailable'
])

/** The problems whose words are the API's title or detail. */
const quoting = new Set(['internal-error', 'aws-access-denied', 'aws-limit-exceeded', 'deletion-protected'])

await t.test('each problem of the API has words that fit a page, and a next step', { skip }, async (t) => {
  const { run } = await sharedScripts(t)
  const problems = Object.entries(catalogue).map(([code, { title, advice }]) => ({ code, title, detail: code === 'not-found' ? 'No environment `x`.' : `${title}.`, advice }))
  const all = await run<{ title: string, next: string }[]>(`return ${JSON.stringify(problems)}.map((problem) => wordsFor(new Refusal(problem)))`)
  for (const [index, { code, title }] of problems.entries()) {
    const { title: shown = '', next = '' } = all[index] ?? {}
    t.notMatch(`${shown} ${next}`, /%2F|Swagger|If-Match|`|\b(GET|PUT|POST|PATCH|DELETE)\b/, `${code} is not about HTTP`)
    if (impossible.has(code)) continue
    t.ok(code === 'invalid-request' || next.endsWith('.'), `${code} has a next step`)
    if (!quoting.has(code)) t.not(shown, `${title}.`, `${code} has words of its own`)
  }
})

await t.test('a dialog stays open while its answer is sent, because the request is carried out anyway', { skip }, async (t) => {
  const { page, run } = await sharedScripts(t)
  await run(`
    const { ask } = await import('/docs/pages/shared/dialog.js')
    const { promise, resolve } = Promise.withResolvers()
    Object.assign(window, { finish: resolve, asked: ask({ title: 'Sure?', content: [], submit: 'Send', send: async () => promise }) })
  `)
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Send' }).click()
  t.equal(await dialog.getByRole('button', { name: 'Cancel' }).isDisabled(), true)
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  t.equal(await dialog.count(), 1)
  t.equal(await run('finish(); return asked'), true)
  t.equal(await dialog.count(), 0)
})

await t.test('a dialog with a text that the visitor has written warns once before it is cancelled', { skip }, async (t) => {
  const { page, run } = await sharedScripts(t)
  await run(`
    const { ask } = await import('/docs/pages/shared/dialog.js')
    const send = async () => { throw new Error('Refused') }
    const content = () => [h('textarea', { name: 'text', 'aria-label': 'Text' }, 'as it is')]
    Object.assign(window, { open: () => { window.asked = ask({ title: 'Text', content: content(), submit: 'Send', send }) } })
    window.open()
  `)
  const dialog = page.getByRole('dialog')
  const cancel = dialog.getByRole('button', { name: 'Cancel' })
  const warning = dialog.getByRole('alert').getByText('What you have written is not saved. Cancel again to discard it.')
  await cancel.click()
  t.equal(await run('return asked'), false, 'a text that is as it was needs no warning')
  await run('window.open()')
  await dialog.getByLabel('Text').fill('mine')
  await page.keyboard.press('Escape')
  await warning.waitFor()
  await dialog.getByRole('button', { name: 'Send' }).click()
  await dialog.getByRole('alert').getByText('Refused').waitFor()
  await cancel.click()
  await warning.waitFor()
  t.equal(await dialog.getByLabel('Text').inputValue(), 'mine')
  await cancel.click()
  t.equal(await run('return asked'), false)
  t.equal(await dialog.count(), 0)
})

import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import { build, policies, tokens, type Gateway } from '#test/helper'
import { until } from '#test/until'
import { launch, skip, watch } from './chromium.ts'
import { checkLooks } from './looks.ts'

const canary = 'canary-5f1c07aa'

async function signIn (page: Page, gateway: Gateway, token: string = tokens.administrator, hash = ''): Promise<void> {
  await page.goto(`${gateway.url}/${hash}`)
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const putIn = (gateway: Gateway) => async (environment: string, name: string, value: unknown): Promise<unknown> =>
  gateway.send('PUT', `/environments/${environment}/secrets/${encodeURIComponent(name)}`, { json: { value } })

/** Returns all data that the tab keeps: its storage, and the document with the state of its fields. */
const kept = async (page: Page): Promise<string> => page.evaluate<string>('JSON.stringify([localStorage, sessionStorage, document.cookie, document.documentElement.outerHTML, [...document.querySelectorAll("input, textarea")].map(({ value }) => value)])')
const reads = (gateway: Gateway): unknown[] => gateway.trail().filter(({ event, operation }) => event === 'outcome' && operation === 'readSecret')

await t.test('the first page explains itself, and signs a visitor in and out', { skip }, async (t) => {
  const gateway = await build(t)
  const page = await (await launch(t)).newPage()
  const { errors, requests } = watch(page)
  await page.goto(gateway.url)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await checkLooks(t, page, 'welcome')
  for (const link of await page.getByRole('navigation', { name: 'More' }).getByRole('link').all()) {
    const path = await link.getAttribute('href') ?? ''
    t.equal((await gateway.send('GET', path, { token: null })).status, 200, path)
  }
  t.equal(await page.getByLabel('Token').getAttribute('type'), 'password')

  await signIn(page, gateway, 'two words')
  await page.getByRole('alert').getByText('That is not a token').waitFor()
  await signIn(page, gateway, 'no-such-token')
  await page.getByRole('alert').getByText('The gateway does not accept this token').waitFor()
  await checkLooks(t, page, 'refused')
  t.equal(await page.evaluate('sessionStorage.length'), 0, 'a refused token is not kept')
  errors.length = 0

  await signIn(page, gateway)
  await page.getByText('There are no secrets here yet.').waitFor()
  t.same(await page.getByRole('navigation', { name: 'Environments' }).getByRole('link').allInnerTexts(), ['dev', 'staging', 'prod'])
  await page.getByText('administrator', { exact: true }).waitFor()
  await page.reload()
  await page.getByText('There are no secrets here yet.').waitFor()
  t.equal(await page.getByLabel('Token').isVisible(), false, 'a reload keeps the token')
  await checkLooks(t, page, 'empty')

  await page.getByRole('button', { name: 'Sign out' }).click()
  t.equal(await page.evaluate('sessionStorage.length'), 0)
  t.notMatch(await kept(page), tokens.administrator)
  t.equal(await page.evaluate('document.activeElement.id'), 'token')
  t.strictSame(errors, [], 'the browser reports no errors')
  t.notMatch(requests.join(), tokens.administrator, 'the token is not in a URL')
  t.strictSame(requests.filter((request) => !request.includes(` ${gateway.url}/`) && !request.includes(' data:')), [], 'no other host is contacted')
})

await t.test('the console shows the content of an environment, and a value only on request and for a limited time', { skip }, async (t) => {
  const gateway = await build(t)
  const put = putIn(gateway)
  await put('dev', 'payments/db', { username: 'app', password: 'previous', port: 5432 })
  await put('dev', 'payments/db', { username: 'app', password: canary, port: 5432.10 })
  for (const name of ['payments/webhooks/key', 'payments/webhooks/old', 'mail/smtp', 'session-key']) await put('dev', name, canary)
  await gateway.send('PATCH', '/environments/dev/secrets/payments%2Fdb', { json: { description: 'The payments database' } })
  await gateway.send('PUT', '/environments/dev/secrets/payments%2Fdb/tags', { json: { team: 'payments' } })
  await gateway.send('PUT', '/environments/dev/secrets/payments%2Fdb/replicas', { json: { replicaRegions: [{ region: 'eu-central-1' }] } })
  await gateway.send('PUT', '/environments/dev/secrets/payments%2Fdb/rotation', { json: { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30, rotateImmediately: false } })
  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['mail/api-key'] } })
  await gateway.send('DELETE', '/environments/dev/secrets/payments%2Fwebhooks%2Fold')
  gateway.catchUp()

  const page = await (await launch(t)).newPage()
  const { errors, requests } = watch(page)
  await page.clock.install()
  await signIn(page, gateway)
  await page.getByText('6 secrets').waitFor()
  const tree = page.getByRole('navigation', { name: 'Secrets' })
  // The browser may not have rendered the rows yet, so the test reads their text from the document.
  t.same(await tree.getByRole('link').allTextContents(), ['api-keyno value', 'smtp', 'key', 'olddeletion scheduled', 'db', 'session-key'])
  await checkLooks(t, page, 'environment')
  await tree.getByText('mail/').click()
  t.equal(await tree.getByRole('link', { name: 'smtp' }).isVisible(), false, 'a folder can be closed')
  await page.getByLabel('Search names').fill('WEBHOOKS/')
  t.same(await tree.getByRole('link').allTextContents(), ['payments/webhooks/key', 'payments/webhooks/olddeletion scheduled'])
  await page.getByText('2 of 6 secrets').waitFor()
  await page.getByLabel('Search names').fill('nothing like it')
  await page.getByText('No name contains this.').waitFor()
  await checkLooks(t, page, 'no-match')
  await page.getByLabel('Search names').fill('')
  await tree.getByText('mail/').click()

  await tree.getByRole('link', { name: 'db' }).click()
  await page.getByRole('heading', { name: 'payments/db' }).waitFor()
  // The heading gets the focus a moment after it is shown, so that screen readers announce it.
  await page.locator('h2:focus').getByText('payments/db').waitFor()
  for (const text of ['The payments database', 'team = payments', 'eu-central-1', 'every 30 days', 'AWSPREVIOUS']) await page.getByText(text).first().waitFor()
  t.notMatch(await kept(page), canary)
  t.same(reads(gateway), [], 'nobody has looked yet')

  await page.getByRole('button', { name: 'Show value' }).click()
  await page.getByText(canary).waitFor()
  t.same(await page.getByRole('list', { name: 'Value' }).locator('pre').allInnerTexts(), ['app', canary, '5432.1'])
  t.equal(reads(gateway).length, 1, 'the look is in the trail')
  await page.clock.fastForward(28_000)
  t.equal(await page.getByText(canary).count(), 1)
  await page.clock.fastForward(3_000)
  await until(async () => await page.getByText(canary).count() === 0)
  t.notMatch(await kept(page), canary, 'after 30 seconds, the value is nowhere')
  await page.getByRole('button', { name: 'Show value' }).click()
  await page.getByText(canary).waitFor()
  await checkLooks(t, page, 'secret', { height: 2_000 })
  await page.getByRole('button', { name: 'Hide' }).click()
  t.notMatch(await kept(page), canary)
  await page.getByRole('button', { name: 'Show value' }).click()
  await page.getByText(canary).waitFor()
  await tree.getByRole('link', { name: 'smtp' }).click()
  await page.getByRole('heading', { name: 'mail/smtp' }).waitFor()
  t.notMatch(await kept(page), canary, 'a value is hidden when the visitor leaves the secret')
  t.equal(reads(gateway).length, 3)

  await page.getByRole('button', { name: 'Show value' }).click()
  t.equal(await page.locator('pre.value').innerText(), canary)
  await page.getByRole('button', { name: 'Sign out' }).click()
  t.notMatch(await kept(page), canary, 'a value is hidden when the visitor signs out')
  t.equal(await page.title(), 'secrets-gateway', 'the title names no secret')
  t.strictSame(errors, [], 'the browser reports no errors')
  t.notMatch(requests.join(), canary)
})

await t.test('the console shows the next step after a refusal', { skip }, async (t) => {
  const gateway = await build(t)
  await putIn(gateway)('dev', 'a', canary)
  const page = await (await launch(t)).newPage()
  await signIn(page, gateway, tokens.stranger)
  await page.getByText('You can see no environment.').waitFor()
  await checkLooks(t, page, 'no-environment')
  await page.getByRole('button', { name: 'Sign out' }).click()

  await signIn(page, gateway, tokens.reader)
  await page.getByText('Ask whoever runs this gateway for the permission ListSecrets.').waitFor()
  await checkLooks(t, page, 'list-refused')
  await page.goto(`${gateway.url}/#/prod`)
  await page.getByText('No environment “prod”, or you may not see it.').waitFor()
  await checkLooks(t, page, 'unknown-environment')
  await page.getByRole('link', { name: 'Go to dev' }).click()
  await page.getByRole('button', { name: 'Try again' }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()

  await signIn(page, gateway, tokens.administrator, '#/dev/none')
  await page.getByText('There is no secret “none” in dev.').waitFor()
  await checkLooks(t, page, 'no-secret')
  for (const text of ['%2F', 'PUT', 'Swagger UI', 'If-Match']) t.notMatch(await page.getByRole('alert').innerText(), text)
  await page.route('**/environments/**', async (route) => route.abort())
  await page.getByRole('button', { name: 'Reload' }).click()
  await page.getByText('The gateway does not answer.').waitFor()
  await page.unrouteAll()
  await page.evaluate('sessionStorage.setItem("secrets-gateway-token", "expired")')
  await page.getByRole('navigation', { name: 'Environments' }).getByRole('link', { name: 'staging' }).click()
  await page.getByText('The gateway does not accept this token').waitFor()
  t.equal(await page.evaluate('sessionStorage.length'), 0, 'the visitor is signed out')
})

await t.test('the console says in advance what the visitor may not do', { skip }, async (t) => {
  const gateway = await build(t, { authorization: policies(`
    @id("administrators") permit (principal in Group::"administrators", action, resource);
    @id("reader") permit (principal == Caller::"reader", action in Action::"read", resource in Environment::"dev");
    @id("rotates") permit (principal == Caller::"reader", action == Action::"RotateSecret", resource == Secret::"dev/a");
    @id("untags") permit (principal == Caller::"reader", action == Action::"UntagResource", resource == Secret::"dev/a");
    @id("hidden") forbid (principal == Caller::"reader", action == Action::"GetSecretValue", resource == Secret::"dev/b");
  `) })
  for (const name of ['a', 'b']) await putIn(gateway)('dev', name, { key: canary })
  await gateway.send('PUT', '/environments/dev/secrets/a/rotation', { json: { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30, rotateImmediately: false } })
  const page = await (await launch(t)).newPage()
  const { errors } = watch(page)
  const button = (name: string): Locator => page.getByRole('button', { name, exact: true })
  await signIn(page, gateway, tokens.reader, '#/dev/a')
  await page.getByText('You lack these permissions: PutSecretValue, UpdateSecret,').waitFor()
  for (const name of ['Show value', 'Edit tags…', 'Rotate now…', 'Show policy']) t.ok(await button(name).isEnabled(), `${name} is offered`)
  for (const name of ['Replace value…', 'Change one key…', 'Edit description…', 'Change rotation…', 'Turn off…', 'Add a region…', 'Schedule deletion…']) {
    t.ok(await button(name).isDisabled(), `${name} is not offered`)
    t.match(await button(name).getAttribute('title'), /^You lack the permission \w+( and \w+)?\. Ask whoever runs this gateway\.$/)
  }
  await checkLooks(t, page, 'secret-read-only', { height: 1_600 })
  await page.goto(`${gateway.url}/#/dev/b`)
  await page.getByRole('heading', { name: 'b', exact: true }).waitFor()
  await page.getByText('You lack these permissions: GetSecretValue, PutSecretValue,').waitFor()
  t.ok(await button('Show value').isDisabled())
  await page.getByRole('button', { name: 'Sign out' }).click()
  await signIn(page, gateway, tokens.administrator, '#/dev/a')
  await button('Replace value…').waitFor()
  t.equal(await page.getByRole('button', { disabled: true }).count(), 0, 'everything is offered to an administrator')
  t.equal(await page.getByText('You lack').count(), 0)
  t.strictSame(errors, [], 'the browser reports no errors')
})

await t.test('names and values are shown as text, and the browser blocks a planted script', { skip }, async (t) => {
  const gateway = await build(t)
  const put = putIn(gateway)
  const html = '<img src=x onerror="window.planted = true"><script>window.planted = true</script>'
  await put('dev', 'html', html)
  await put('dev', 'keys', { [html]: html })
  await gateway.send('PATCH', '/environments/dev/secrets/html', { json: { description: html } })
  await gateway.send('PUT', '/environments/dev/secrets/html/tags', { json: { team: '<b onclick=alert(1)>' } })
  const page = await (await launch(t)).newPage()
  const { errors } = watch(page)

  // AWS does not allow such a name, but a proxy or another backend could return it.
  const hostile = '<img src=x onerror=planted=1>'
  await page.route('**/environments/dev/secrets?*', async (route) => route.fulfill({ json: { items: [{ name: hostile, state: 'active' }, { name: 'javascript:planted=1//<b>/x', state: 'active' }] } }))
  await signIn(page, gateway)
  await page.getByRole('link', { name: hostile }).waitFor()
  for (const link of await page.getByRole('navigation', { name: 'Secrets' }).locator('a').all()) t.match(await link.getAttribute('href'), /^#\/dev\//)
  await page.goto(`${gateway.url}/#/dev/${encodeURIComponent(hostile)}`)
  await page.getByRole('alert').waitFor()
  await page.goto(`${gateway.url}/#/dev/html`)
  await page.getByRole('button', { name: 'Show value' }).click()
  t.equal(await page.locator('pre.value').innerText(), html)
  await page.getByText('team = <b onclick=alert(1)>').waitFor()
  await page.goto(`${gateway.url}/#/dev/keys`)
  await page.getByRole('button', { name: 'Show value' }).click()
  await page.getByText(html).first().waitFor()
  t.equal(await page.locator('main img, main script, main b[onclick]').count(), 0)
  errors.length = 0

  const tries: Readonly<Record<string, string>> = {
    'markup in an element': 'document.querySelector("main").innerHTML = "<img src=x onerror=planted=1>"',
    'the source of a script': 'document.createElement("script").src = "/docs/pages/console/main.js"',
    'the text of a script': 'document.createElement("script").text = "planted = 1"',
    'a listener in an attribute': 'document.createElement("img").setAttribute("onerror", "planted = 1")',
    'a policy of Trusted Types': 'trustedTypes.createPolicy("default", { createHTML: (text) => text })'
  }
  for (const [what, script] of Object.entries(tries)) {
    const thrown = await page.evaluate<string>(`(() => { try { ${script}; return 'allowed' } catch (error) { return error.name } })()`)
    t.equal(thrown, 'TypeError', `${what} is blocked`)
  }
  await page.evaluate('{ const image = document.createElement("img"); image.src = "/none"; document.body.append(image) }')
  await page.evaluate('{ const form = document.createElement("form"); form.action = "http://127.0.0.1:9/"; document.body.append(form); form.submit() }')
  t.match(await page.evaluate('fetch("http://127.0.0.1:9/").then(() => "sent", (error) => error.name)'), 'TypeError')
  await until(() => errors.some((error) => error.includes('connect-src')) && errors.some((error) => error.includes('form-action')) && errors.some((error) => error.includes('img-src')))
  t.equal(await page.evaluate('typeof window.planted'), 'undefined')
})

await t.test('a list of 5,000 names appears in parts, and scrolls', { skip }, async (t) => {
  const gateway = await build(t)
  const names = Array.from({ length: 5_000 }, (_, index) => index % 2 === 0 ? `flat-${String(index).padStart(4, '0')}` : `team-${index % 40}/service-${index % 7}/key-${index}`)
  const page = await (await launch(t)).newPage({ viewport: { width: 1280, height: 800 } })
  await page.route('**/environments/dev/secrets?*', async (route) => {
    const start = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0)
    const items = names.slice(start, start + 100).map((name) => ({ name, state: 'active' }))
    await route.fulfill({ json: { items, ...start + 100 < names.length && { nextCursor: String(start + 100) } } })
  })
  await signIn(page, gateway)
  await page.getByText('5,000 secrets').waitFor()
  const rows = page.locator('.tree > ul > li > a')
  await until(async () => await rows.count() === 2_500)

  /** Searches, and returns the number of rows that are there before the browser draws the list. */
  const search = async (text: string): Promise<number> => page.evaluate<number>(`{
    const field = document.querySelector('#search')
    field.value = '${text}'
    field.dispatchEvent(new Event('input'))
    document.querySelectorAll('.tree > ul > li > a').length
  }`)
  t.equal(await search('7'), 250, 'typing waits only for the first rows')
  const matching = names.filter((name) => name.includes('7')).length
  await until(async () => await rows.count() === matching)
  await page.getByText(`${matching.toLocaleString('en')} of 5,000 secrets`).waitFor()
  t.equal(await search('key-4999'), 1)
  t.equal(await search('team-1/'), names.filter((name) => name.startsWith('team-1/')).length)
  t.ok(await search('') <= 250)
  await until(async () => await rows.count() === 2_500)

  const last = page.getByRole('link', { name: 'flat-4998' })
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 })
    await last.scrollIntoViewIfNeeded()
    const box = await last.boundingBox()
    t.ok(box !== null && box.y >= 0 && box.y + box.height <= 800, `the last name can be scrolled to, ${width} pixels wide`)
    t.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, 'nothing is wider than the window')
  }
})

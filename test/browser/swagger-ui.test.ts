import { spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Locator, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { uncountedNode } from '#test/uncounted'
import { launch, skip, watch } from './chromium.ts'
import { checkLooks } from './looks.ts'

const server = join(import.meta.dirname, '../../src/server.ts')
const token = 'token-of-the-browser-test'

/** Starts the gateway in local mode, as `npm start` does. */
async function startGateway (t: Test): Promise<{ url: string, stop: () => Promise<void> }> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    GATEWAY_LOCAL: '1',
    GATEWAY_DATA_DIR: join(t.testdir({}), 'data'),
    GATEWAY_DEV_TOKEN: token,
    HOST: '127.0.0.1',
    PORT: '0'
  }
  delete env.GATEWAY_CONFIG
  const gateway = spawn('env', [...uncountedNode, server], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = async (): Promise<void> => {
    if (gateway.exitCode !== null) return
    gateway.kill()
    await once(gateway, 'exit')
  }
  const lines = on(createInterface(gateway.stdout), 'line', { close: ['close'] }) as AsyncIterable<[string]>
  for await (const [line] of lines) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
    if (url !== undefined) return { url, stop }
  }
  throw new Error('The gateway did not start')
}

async function authorize (page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Authorize' }).click()
  const bearer = page.locator('.modal-ux form').filter({ has: page.locator('#auth-bearer-value') })
  if (await bearer.locator('input').getAttribute('type') !== 'password') throw new Error('The token is not masked')
  await bearer.locator('input').fill(token)
  await bearer.getByRole('button', { name: 'Authorize' }).click()
  await page.locator('.modal-ux .close-modal').click()
}

/**
 * Hides all responses in the description of an operation but the first two: the successful one and a problem. An operation has up
 * to 18 problems that look the same, and axe-core would need ten times as long for them.
 */
const hideRepeated = async (page: Page): Promise<unknown> =>
  page.evaluate('for (const row of [...document.querySelectorAll(".responses-table:not(.live-responses-table) tr.response")].slice(2)) row.hidden = true')

/** Opens an operation and sends its form. If `body` is given, it replaces the example. Returns the reply's status and body. */
async function execute (operation: Locator, body?: string): Promise<{ status: string, body: string }> {
  await operation.locator('.opblock-summary-control').click()
  if (body !== undefined) await operation.locator('textarea').fill(body)
  await operation.locator('button.execute').click()
  const reply = operation.locator('.live-responses-table .response')
  return {
    status: (await reply.locator('.response-col_status').innerText()).trim(),
    body: await reply.locator('.response-col_description .highlight-code code').first().innerText()
  }
}

await t.test('a secret is written and read in Swagger UI', { skip }, async (t) => {
  const gateway = await startGateway(t)
  t.teardown(gateway.stop)
  const page = await (await launch(t)).newPage()
  const { errors, requests } = watch(page)

  await page.goto(`${gateway.url}/docs`)
  await page.getByRole('button', { name: 'Authorize' }).click()
  await page.getByRole('dialog').waitFor()
  await checkLooks(t, page, 'swagger-ui-authorize')
  await page.getByRole('button', { name: 'Close' }).last().click()
  await authorize(page)

  const written = await execute(page.locator('#operations-secrets-putSecret'), '{ "value": "written in the browser" }')
  t.equal(written.status, '201', written.body)

  const read = await execute(page.locator('#operations-secrets-readSecret'))
  t.equal(read.status, '200', read.body)
  t.match(read.body, '"value": "written in the browser"')

  const sent = requests.length
  const deletion = page.locator('#operations-secrets-deleteSecret')
  await deletion.locator('.opblock-summary-control').click()
  await deletion.locator('tr[data-param-name]').first().waitFor()
  const inDeletion = async (what: string): Promise<unknown> => page.evaluate(`[...document.querySelectorAll('#operations-secrets-deleteSecret tr[data-param-name]')].flatMap((row) => ${what})`)
  t.same(await inDeletion('row.getAttribute("data-param-in")'), ['path', 'path', 'query', 'query', 'query', 'header', 'header'], 'path parameters are first')
  t.same(await inDeletion('[...row.querySelectorAll("input")].map(({ value }) => value)'), ['', '', '', '', ''], 'what to delete is not filled in')

  await page.getByLabel('Filter operations').fill('readSecret')
  await hideRepeated(page)
  await checkLooks(t, page, 'swagger-ui-reply', { hasPicture: false })
  await page.getByLabel('Filter operations').fill('rollback')
  t.same(await page.locator('.opblock-summary-path').allInnerTexts(), ['/environments/{env}/secrets/{name}/rollback'])
  await checkLooks(t, page, 'swagger-ui')
  await page.locator('.opblock-summary-control').click()
  await page.locator('.responses-table').waitFor()
  await hideRepeated(page)
  await checkLooks(t, page, 'swagger-ui-operation', { height: 1_200 })
  await page.getByLabel('Filter operations').fill('')

  t.equal(await page.evaluate('localStorage.length'), 0)
  t.equal(await page.evaluate('sessionStorage.getItem("secrets-gateway-token")'), token)
  await page.goto(gateway.url)
  await page.getByText('payments/').waitFor()
  t.pass('the console shares the token')
  await page.goto(`${gateway.url}/docs`)
  const again = await execute(page.locator('#operations-secrets-readSecret'))
  t.equal(again.status, '200', 'a reload keeps the token')
  await page.getByRole('button', { name: 'Authorize' }).click()
  await page.locator('.modal-ux').getByRole('button', { name: 'Logout' }).click()
  t.equal(await page.evaluate('sessionStorage.length'), 0)
  const license = await page.locator('.info__license').innerText()
  t.equal(license, 'None: all rights reserved')
  t.equal(await page.locator('.info__license a').count(), 0)

  const path = `${gateway.url}/environments/dev/secrets/payments%2Fdb`
  t.strictSame(requests.slice(0, sent).filter((request) => request.includes('/environments/')), [`PUT ${path}?force=false`, `GET ${path}`], 'no optional parameter is filled in')
  t.strictSame(requests.filter((request) => !request.includes(` ${gateway.url}/`) && !request.includes(' data:')), [], 'no other host is contacted')
  t.strictSame(errors, [], 'the browser reports no errors')
})

import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import type { Test } from 'tap'

/** Where `CHROMIUM` says that there is one, there has to be one. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const isMissing = process.env.CHROMIUM === undefined && !existsSync(executablePath)

/** Why a test that needs a browser is left out, or `false`. */
export const skip = isMissing && 'there is no Chromium; CHROMIUM can name one'

/** Quiet where there is no network, and without the sandbox that root can't have. */
const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync'
]

/** Starts a browser, which ends with the test. */
export async function launch (t: Test): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, args: flags })
  t.teardown(async () => browser.close())
  return browser
}

/** What a page did. */
export interface Watched {
  /** What the browser complains of: errors, warnings, what a policy forbids. */
  complaints: string[]
  /** The requests, each as its method and URL. */
  requested: string[]
}

/** Notes from now on what a page does. */
export function watch (page: Page): Watched {
  const watched: Watched = { complaints: [], requested: [] }
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) watched.complaints.push(message.text()) })
  page.on('pageerror', (error) => watched.complaints.push(error.message))
  page.on('request', (request) => watched.requested.push(`${request.method()} ${request.url()}`))
  return watched
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import root, { type Test } from 'tap'

/**
 * The path of the browser. If there is no browser at the default path, the tests are skipped. If there is no browser at the path
 * in `CHROMIUM`, they fail.
 */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const isMissing = process.env.CHROMIUM === undefined && !existsSync(executablePath)

/** The reason to skip a test that needs a browser, or `false`. */
export const skip = isMissing && 'Chromium is not installed; CHROMIUM can specify its path'

/**
 * The flags disable the sandbox, because it does not work for root. They also disable background requests, because these fail
 * without a network. The last three flags, with the language and the fonts below, make the pictures of a page the same on every
 * machine.
 */
const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--font-render-hinting=none', '--disable-lcd-text', '--force-color-profile=srgb'
]
const env = { ...process.env, LANGUAGE: 'en_US', FONTCONFIG_FILE: join(import.meta.dirname, 'fonts.conf') }

let browser: Promise<Browser> | undefined

/**
 * Returns the browser of this process, which the first test starts. Each page has its own context, so it shares nothing with
 * other pages. A page is closed when its test ends, and the browser after the last test.
 */
export async function launch (t: Test): Promise<Pick<Browser, 'newPage'>> {
  if (browser === undefined) {
    browser = chromium.launch({ executablePath, args: flags, env })
    root.teardown(async () => (await browser)?.close())
  }
  const shared = await browser
  return {
    async newPage (options) {
      const page = await shared.newPage(options)
      t.teardown(async () => page.close())
      return page
    }
  }
}

/**
 * Waits until a page has handled the replies that it has received. The reply to a later request comes after them, so that what
 * they change has changed.
 */
export async function settled (page: Page): Promise<void> {
  await page.evaluate('fetch("/docs/pages/shared/base.css").then((reply) => reply.text())')
}

/** The observed events of a page. */
export interface Watched {
  /** Uncaught errors, and errors and warnings in the console, including violations of the content security policy. */
  errors: string[]
  /** The requests, each as its method and URL. */
  requests: string[]
}

/** Starts to record the errors and requests of a page. */
export function watch (page: Page): Watched {
  const watched: Watched = { errors: [], requests: [] }
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) watched.errors.push(message.text()) })
  page.on('pageerror', (error) => watched.errors.push(error.message))
  page.on('request', (request) => watched.requests.push(`${request.method()} ${request.url()}`))
  return watched
}

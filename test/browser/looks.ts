import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import type { PNG } from 'pngjs'
import type { Test } from 'tap'
import { checkPicture, contactSheet, shrink } from './pictures.ts'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The folder for full-size screenshots. If the variable is not set, none are stored. */
const screenshots = process.env.SCREENSHOTS

const widths = [390, 1280]

export interface LooksOptions {
  /** The height of the window, in pixels. It should show the whole page. */
  height?: number
  /** False if the page looks different in every run. */
  hasPicture?: boolean
}

/* The scripts that run in the page are strings, because the tests are compiled without the types of the DOM. */

/**
 * Returns the faults of the layout: controls that are covered, text that is cut off, and a page that is wider than the window.
 */
const layout = `(() => {
  const root = document.querySelector('dialog, [role=dialog]') ?? document
  const visible = [...root.querySelectorAll('body *')].filter((element) => element.checkVisibility() && element.clientWidth > 1)
  const covered = visible.filter((element) => {
    if (!element.matches('a, button, input, select, textarea, summary')) return false
    const { left, top, width, height } = element.getBoundingClientRect()
    const [x, y] = [left + width / 2, top + height / 2]
    const scroller = element.closest('#scroller, .tree, .detail, dialog') ?? document.documentElement
    const view = scroller.getBoundingClientRect()
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight || y < view.top || y > view.bottom || x > view.right) return false
    const top_ = document.elementFromPoint(x, y)
    return top_ !== null && !element.contains(top_) && !top_.contains(element)
  })
  const cutOff = visible.filter((element) => {
    if (element.matches('input, select, textarea, svg *') || element.title !== '') return false
    const { overflowX, overflowY } = getComputedStyle(element)
    const isCut = (overflow, content, box) => (overflow === 'hidden' || overflow === 'clip' || element.matches('button:not(:has(svg))')) && content > box + 1
    return isCut(overflowX, element.scrollWidth, element.clientWidth) || isCut(overflowY, element.scrollHeight, element.clientHeight)
  })
  const outer = (elements) => elements.map((element) => element.outerHTML.slice(0, 120))
  return { covered: outer(covered), cutOff: outer(cutOff), isTooWide: document.documentElement.scrollWidth > innerWidth }
})()`

/**
 * Replaces everything that differs between runs: dates, IDs and seconds. Also replaces the descriptions in Swagger UI, which
 * change with every edit of the API's documentation. Scrolls to the top of the page.
 */
const makeSteady = `(() => {
  scrollTo(0, 0)
  for (const description of document.querySelectorAll('.swagger-ui .renderedMarkdown')) description.textContent = 'A description'
  const rules = [
    [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '00000000-0000-0000-0000-000000000000'],
    [/\\b[0-9a-f]{8}…/g, '00000000…'],
    [/^(arn:aws:secretsmanager:.*)-\\w{6}$/, '$1-AbCdEf'],
    [/^Request [\\w-]{16,}$/, 'Request 00000000-0000-0000-0000-000000000000'],
    [/[A-Z][a-z]{2} \\d{1,2}, \\d{4}, \\d{1,2}:\\d{2}\\s[AP]M/g, 'Dec 1, 2026, 12:00 PM'],
    [/[A-Z][a-z]{2} \\d{1,2}, \\d{4}/g, 'Dec 1, 2026'],
    [/Hidden again in \\d+ s/, 'Hidden again in 30 s'],
    [/http:\\/\\/127\\.0\\.0\\.1:\\d+/g, 'http://127.0.0.1:3000']
  ]
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const { currentNode } = texts
    const steady = rules.reduce((text, rule) => text.replace(...rule), currentNode.data)
    if (steady !== currentNode.data) currentNode.data = steady
  }
})()`

/** Runs axe-core. The rule `target-size` of WCAG 2.2 is off by default. */
const runAxe = `(async () => {
  const { violations } = await axe.run({ resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } })
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => [id, html, failureSummary].join(' ')))
})()`

/** Returns the findings of axe-core, each as its rule, its element and what to do. */
async function findings (page: Page): Promise<string[]> {
  if (await page.evaluate('typeof axe === "undefined"')) await page.evaluate(axe)
  return page.evaluate<string[]>(runAxe)
}

interface Layout { covered: string[], cutOff: string[], isTooWide: boolean }

/** A form in which a page is checked. */
interface Form {
  readonly width: number
  readonly height: number
  readonly colorScheme: 'dark' | 'light'
}

/**
 * Checks a page in one form: axe-core finds nothing, nothing is wider than the window or cut off, and no control is covered.
 * Returns what it looks like, at a reduced size.
 */
async function checkForm (t: Test, page: Page, name: string, { width, height, colorScheme }: Form): Promise<PNG> {
  const what = `${name}-${width}-${colorScheme}`
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await page.evaluate(makeSteady)
  const { covered, cutOff, isTooWide } = await page.evaluate<Layout>(layout)
  t.same(covered, [], `${what}: no control is covered`)
  t.same(cutOff, [], `${what}: no text is cut off`)
  t.notOk(isTooWide, `${what}: nothing is wider than the window`)
  const image = await page.screenshot({ animations: 'disabled', ...screenshots !== undefined && { path: `${screenshots}/${what}.png` } })
  // While axe-core runs in the browser, this process makes the picture smaller.
  const found = findings(page)
  const picture = shrink(image)
  t.same(await found, [], `${what}: axe-core finds nothing`)
  return picture
}

/**
 * Checks a page as it is now, at 1280 and at 390 pixels, light and dark: what `checkForm` checks, and that it looks like the
 * approved picture. Leaves the page at 1280 pixels, light.
 *
 * @param name the name of the picture
 */
export async function checkLooks (t: Test, page: Page, name: string, { height = 844, hasPicture = true }: LooksOptions = {}): Promise<void> {
  const pictures: PNG[] = []
  for (const colorScheme of ['dark', 'light'] as const) {
    for (const width of widths) pictures.push(await checkForm(t, page, name, { width, height, colorScheme }))
  }
  if (hasPicture) checkPicture(t, name, contactSheet(pictures))
}

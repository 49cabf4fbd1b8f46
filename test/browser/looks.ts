import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The folder that gets the screenshots, if there is one to look at them in. */
const screenshots = process.env.SCREENSHOTS

const sizes = [{ width: 1280, height: 800 }, { width: 390, height: 844 }]

interface Violation { id: string, nodes: { html: string, failureSummary: string }[] }

/**
 * Returns the controls in view that something else covers, and true if the page is wider than the window. This is a script of the
 * page, as text, because the tests have no types of the DOM.
 */
const layout = `(() => {
  const root = document.querySelector('dialog') ?? document
  const inView = [...root.querySelectorAll('a, button, input, select, textarea, summary')].filter((element) => element.checkVisibility())
  const covered = inView.filter((element) => {
    const { left, top, width, height } = element.getBoundingClientRect()
    const [x, y] = [left + width / 2, top + height / 2]
    const scroller = element.closest('#scroller, .tree, .detail, dialog') ?? document.documentElement
    const view = scroller.getBoundingClientRect()
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight || y < view.top || y > view.bottom || x > view.right || width <= 1) return false
    const top_ = document.elementFromPoint(x, y)
    return top_ !== null && !element.contains(top_) && !top_.contains(element)
  })
  return { covered: covered.map((element) => element.outerHTML.slice(0, 120)), isTooWide: document.documentElement.scrollWidth > innerWidth }
})()`

/**
 * Checks a page as it is now, at 1280 and at 390 pixels, light and dark: axe-core finds nothing, nothing is wider than the
 * window, no control is covered, and the screenshot is not empty. It leaves the page at 1280 pixels, light.
 *
 * @param name the beginning of the screenshots' names
 * @param rules the rules of axe-core to check; all if not given
 */
export async function checkLooks (t: Test, page: Page, name: string, rules?: readonly string[]): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    for (const size of [...sizes].reverse()) {
      const what = `${name}-${size.width}-${colorScheme}`
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const { covered, isTooWide } = await page.evaluate<{ covered: string[], isTooWide: boolean }>(layout)
      t.same(covered, [], `${what}: no control is covered`)
      t.notOk(isTooWide, `${what}: nothing is wider than the window`)
      const image = await page.screenshot(screenshots === undefined ? {} : { path: `${screenshots}/${what}.png` })
      t.ok(image.length > 5_000, `${what}: the screenshot shows something`)
      // The scheme changes colours only, and the size only what is visible, so two of the four combinations show all findings.
      if ((colorScheme === 'light') !== (size.width === 1280)) continue
      await page.evaluate(`typeof axe === 'undefined' && (0, eval)(${JSON.stringify(axe)})`)
      const { violations } = await page.evaluate<{ violations: Violation[] }>(`axe.run(${JSON.stringify({ resultTypes: ['violations'], ...rules !== undefined && { runOnly: rules } })})`)
      t.same(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`), [], `${what}: axe-core finds nothing`)
    }
  }
}

import type { Page } from 'playwright-core'
import type { Test } from 'tap'

/* The scripts that run in the page are strings, because the tests are compiled without the types of the DOM. */

/** Returns the name of the element that has the focus: its label or its text, or else its ID. */
const nameOfFocused = `(() => {
  const element = document.activeElement
  return (element.getAttribute('aria-label') ?? element.labels?.[0]?.innerText ?? element.innerText ?? '').trim() || element.id
})()`

/** Returns the controls that can be seen and used, in the document's order. While a dialog is open, these are the dialog's. */
const findControls = `[...(document.querySelector('dialog[open]') ?? document)
  .querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
  .filter((element) => element.checkVisibility() && element.disabled !== true && element.tabIndex >= 0)`

/** Returns the control that has the focus, by its index, and whether the focus can be seen. */
const describeFocused = `(() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement)
  return { index: window.controls.indexOf(document.activeElement), isShown: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 }
})()`

/** Returns the name of the element that has the focus. */
export const focused = async (page: Page): Promise<string> => page.evaluate<string>(nameOfFocused)

/** Checks that the named element gets the focus if a key is pressed often enough. */
export async function pressUntil (t: Test, page: Page, key: 'Tab' | 'Shift+Tab', name: string): Promise<void> {
  for (let times = 0; times < 40 && await focused(page) !== name; times++) await page.keyboard.press(key)
  t.equal(await focused(page), name)
}

/** Checks that the tab key reaches every control, in the document's order, and that each shows that it has the focus. */
export async function checkTabOrder (t: Test, page: Page, what: string): Promise<void> {
  const names = await page.evaluate<string[]>(`{
    window.controls = ${findControls}
    window.controls[0].focus()
    window.controls.map(({ outerHTML }) => outerHTML.slice(0, 100))
  }`)
  // A browser shows the focus only if a key has moved it.
  for (const key of ['Tab', 'Shift+Tab']) await page.keyboard.press(key)
  const reached: number[] = []
  const withoutSign: number[] = []
  // Browsers also stop at areas that scroll, which are no controls.
  for (let times = 0; times < 2 * names.length; times++) {
    const { index, isShown } = await page.evaluate<{ index: number, isShown: boolean }>(describeFocused)
    if (index >= 0) reached.push(index)
    if (index >= 0 && !isShown) withoutSign.push(index)
    if (index === names.length - 1) break
    await page.keyboard.press('Tab')
  }
  t.same(reached.map((index) => names[index]), names, `${what}: every control is reached, in order`)
  t.same(withoutSign.map((index) => names[index]), [], `${what}: the focus can be seen`)
}

/** Functions that create elements. No text is ever parsed as HTML: strings become text nodes. */

/** @typedef {string | number | boolean | undefined | ((event: Event) => unknown)} AttributeValue */

/**
 * Creates an element.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Readonly<Record<string, AttributeValue>>} [attributes] a function is a listener for the event of that name; `true` is
 * an attribute without a value; with `false` or `undefined`, the attribute is absent
 * @param {...(Node | string | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h (tag, attributes = {}, ...children) {
  const created = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') created.addEventListener(name, value)
    else if (value === true) created.setAttribute(name, '')
    else if (value !== undefined && value !== false) created.setAttribute(name, String(value))
  }
  created.append(...children.filter((child) => child !== undefined && child !== false))
  return created
}

/**
 * Returns the element of the page that has this ID.
 *
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} type
 * @returns {E}
 */
export function byId (id, type) {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}`)
  return found
}

/**
 * Creates a definition list, without the entries that are undefined. A description that is code gets its own line.
 *
 * @param {readonly (readonly [term: string, description: Node | string | undefined])[]} entries
 */
export function definitions (entries) {
  const shown = entries.filter(([, description]) => description !== undefined && description !== '')
  return h('dl', { class: 'definitions' }, ...shown.map(([term, description]) =>
    h('div', { class: description instanceof HTMLElement && description.tagName === 'CODE' && 'whole' }, h('dt', {}, term), h('dd', {}, description))))
}

const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/**
 * Returns an RFC 3339 date in the visitor's language and time zone.
 *
 * @param {string} date
 */
export const dateWords = (date) => dateFormat.format(new Date(date))

/**
 * Shows an RFC 3339 date in the visitor's language and time zone.
 *
 * @param {string | undefined} date
 */
export const dateText = (date) => date === undefined ? undefined : h('time', { datetime: date, title: date }, dateWords(date))

const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' })

/**
 * Shows an RFC 3339 date whose time of day is unknown.
 *
 * @param {string | undefined} date
 */
export const dayText = (date) => date === undefined ? undefined : h('time', { datetime: date.slice(0, 10) }, dayFormat.format(new Date(date)))

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/**
 * Disables buttons while `work` is in progress. Browsers take the focus from a disabled button, so it gets the focus back.
 *
 * @param {readonly HTMLButtonElement[]} buttons
 * @param {() => Promise<void>} work
 */
export async function whileDisabled (buttons, work) {
  const focused = document.activeElement
  for (const button of buttons) button.disabled = true
  await work()
  for (const button of buttons) button.disabled = false
  if (focused instanceof HTMLElement && document.activeElement === document.body) focused.focus({ preventScroll: true })
}

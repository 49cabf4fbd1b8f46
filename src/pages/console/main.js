/**
 * The first page: the sign-in, and then the console. The URL contains the environment and the secret's name after `#`, a part
 * that browsers never send. All data comes from the API, with the visitor's token.
 */

import { byId, h, plural } from '../shared/dom.js'
import { call, environmentPath, pages, Refusal, showCaller } from '../shared/gateway.js'
import { emptyNotice, refusalNotice } from '../shared/notice.js'
import { signIn, signOut, token } from '../shared/session.js'
import { createSecret } from './changes.js'
import { renderEnvironment } from './environment.js'
import { focusHeading, hideValue, showSecret } from './secret.js'
import { addressOf, renderTree } from './tree.js'

const elements = {
  content: byId('content', HTMLElement),
  welcome: byId('welcome', HTMLElement),
  form: byId('sign-in', HTMLFormElement),
  field: byId('token', HTMLInputElement),
  signInProblem: byId('sign-in-problem', HTMLElement),
  signOut: byId('sign-out', HTMLButtonElement),
  caller: byId('caller', HTMLElement),
  console: byId('console', HTMLElement),
  environments: byId('environments', HTMLElement),
  search: byId('search', HTMLInputElement),
  find: byId('find', HTMLElement),
  create: byId('create', HTMLButtonElement),
  count: byId('count', HTMLElement),
  listProblem: byId('list-problem', HTMLElement),
  tree: byId('tree', HTMLElement),
  detail: byId('detail', HTMLElement)
}

/** @type {readonly import('./environment.js').Environment[]} */
let environments = []
/** @type {import('./environment.js').Environment | undefined} */
let environment
/** @type {string | undefined} */
let selected
/** @type {Map<string, import('./tree.js').Listed>} */
let secrets = new Map()
/** @type {Set<string>} */
let toggled = new Set()
let isLoading = false
/** The number of secrets that the gateway can't address. */
let unaddressable = 0

/**
 * Shows the sign-in, and clears all other content.
 *
 * @param {unknown} [error] why the visitor has to sign in
 */
function showWelcome (error) {
  hideValue()
  document.querySelector('dialog')?.close()
  environments = []
  environment = undefined
  secrets = new Map()
  const { tree, detail, count, listProblem } = elements
  for (const element of [elements.environments, elements.caller, tree, detail, count, listProblem]) element.replaceChildren()
  elements.search.value = ''
  document.title = 'secrets-gateway'
  elements.signInProblem.replaceChildren(...error === undefined ? [] : [refusalNotice(error)])
  elements.welcome.hidden = false
  elements.console.hidden = true
  elements.signOut.hidden = true
}

/**
 * Returns true if the gateway does not accept the token. The visitor then has to sign in again.
 *
 * @param {unknown} error
 */
function isSignedOut (error) {
  if (!(error instanceof Refusal) || error.problem.code !== 'unauthenticated') return false
  signOut()
  showWelcome(error)
  return true
}

async function start () {
  if (token() === '') {
    showWelcome()
    return
  }
  try {
    ({ items: environments } = await call('GET', '/environments', { needs: 'DescribeEnvironment' }))
  } catch (error) {
    if (!isSignedOut(error)) showWelcome(error)
    return
  }
  elements.field.value = ''
  void showCaller(elements.caller)
  elements.welcome.hidden = true
  elements.console.hidden = false
  elements.signOut.hidden = false
  await route()
}

/** Shows the environment or the secret in the URL. */
async function route () {
  if (elements.console.hidden) return
  const [name = '', ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decoded)
  const found = name === '' ? environments[0] : environments.find((one) => one.name === name)
  selected = rest.length > 0 && rest.join('/') !== '' ? rest.join('/') : undefined
  elements.console.classList.toggle('shows-secret', selected !== undefined || (found === undefined && environments.length > 0))
  const hadFocus = elements.environments.contains(document.activeElement)
  const links = environments.map((one) => h('a', { href: addressOf(one.name), 'aria-current': one === found && 'true' }, one.name))
  elements.environments.replaceChildren(...links.map((link) => h('li', {}, link)))
  if (hadFocus) links.find(({ ariaCurrent }) => ariaCurrent === 'true')?.focus()
  if (found === undefined) {
    showNoEnvironment(name)
    return
  }
  if (found !== environment) void loadList(found)
  else markSelected()
  showDetail(true)
}

/** @param {string} text */
function decoded (text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** @param {string} name */
function showNoEnvironment (name) {
  environment = undefined
  elements.tree.replaceChildren()
  elements.count.textContent = ''
  elements.find.hidden = true
  const [title, next] = environments.length === 0
    ? ['You can see no environment.', 'Ask whoever runs this gateway for the permission DescribeEnvironment in one, and reload this page.']
    : [`No environment “${name}”, or you may not see it.`, `You can see: ${environments.map((one) => one.name).join(', ')}.`]
  const notice = h('div', { class: 'notice', role: 'status' }, h('strong', {}, title), h('span', {}, next),
    ...environments.slice(0, 1).map((first) => h('div', { class: 'actions' }, h('a', { class: 'button', href: addressOf(first.name) }, `Go to ${first.name}`))))
  elements.detail.replaceChildren(...environments.length === 0 ? [] : [notice])
  elements.listProblem.replaceChildren(...environments.length === 0 ? [notice] : [])
}

/**
 * Loads the secrets of an environment page by page.
 *
 * @param {import('./environment.js').Environment} of
 */
async function loadList (of) {
  environment = of
  secrets = new Map()
  toggled = new Set()
  isLoading = true
  unaddressable = 0
  elements.find.hidden = false
  elements.listProblem.replaceChildren()
  renderList()
  try {
    for await (const page of pages(environmentPath(of.name, '/secrets'), { includePlannedDeletion: 'true' }, 'ListSecrets')) {
      if (environment !== of) return
      for (const { name, state } of page.items) secrets.set(name, { name, state })
      unaddressable += page.unaddressable ?? 0
      elements.count.textContent = `Loading … ${plural(secrets.size, 'secret')}`
    }
  } catch (error) {
    if (environment !== of || isSignedOut(error)) return
    const retry = h('button', { type: 'button', class: 'small', click: () => { void loadList(of) } }, 'Try again')
    elements.listProblem.replaceChildren(refusalNotice(error, { environment: of.name }, retry))
  }
  isLoading = false
  renderList()
  if (selected === undefined) showDetail(false)
}

function renderList () {
  if (environment === undefined) return
  const sorted = [...secrets.values()].sort((one, other) => one.name < other.name ? -1 : 1)
  const { name } = environment
  const { list, count } = renderTree({ environment: name, secrets: sorted, search: elements.search.value, selected, toggled })
  elements.tree.replaceChildren(list)
  elements.count.textContent = countText(count)
  if (isLoading || count > 0 || elements.listProblem.childElementCount > 0) return
  elements.tree.replaceChildren(elements.search.value.trim() === ''
    ? emptyNotice('There are no secrets here yet.', 'Create the first one, or copy those of another environment in the comparison.')
    : emptyNotice('No name contains this.', 'Check the spelling, or search in another environment.'))
}

/** Marks the selected secret in the list. Rebuilds the list only if the secret is in a folder that was never opened. */
function markSelected () {
  const links = [...elements.tree.querySelectorAll('a')]
  const link = links.find(({ dataset }) => dataset.name === selected)
  if (link === undefined && selected !== undefined && secrets.has(selected)) {
    renderList()
    return
  }
  for (const marked of links.filter((one) => one.hasAttribute('aria-current'))) marked.removeAttribute('aria-current')
  link?.setAttribute('aria-current', 'true')
}

/** @param {number} count */
function countText (count) {
  if (isLoading) return 'Loading …'
  const more = unaddressable === 0 ? '' : `, and ${unaddressable} with names that only AWS can address`
  return `${count === secrets.size ? '' : `${count.toLocaleString('en')} of `}${plural(secrets.size, 'secret')}${more}`
}

/**
 * Shows the selected secret, or else the environment.
 *
 * @param {boolean} takesFocus
 */
function showDetail (takesFocus) {
  if (environment === undefined) return
  hideValue()
  const shown = environment
  if (selected === undefined) {
    document.title = `${shown.name} – secrets-gateway`
    elements.detail.replaceChildren(renderEnvironment(shown, [...secrets.values()]))
    return
  }
  const name = selected
  document.title = `${name} – ${shown.name} – secrets-gateway`
  const onState = (/** @type {import('./tree.js').Listed['state']} */ state) => {
    if (environment !== shown || secrets.get(name)?.state === state) return
    secrets.set(name, { name, state })
    if (!isLoading) renderList()
  }
  void showSecret({ environment: shown, name, container: elements.detail, onState }).then(() => {
    if (takesFocus) focusHeading(elements.detail)
  })
}

elements.form.addEventListener('submit', async (event) => {
  event.preventDefault()
  elements.signInProblem.replaceChildren()
  try {
    signIn(elements.field.value)
  } catch (error) {
    elements.signInProblem.replaceChildren(refusalNotice(error))
    return
  }
  await start()
  // The field that had the focus is hidden.
  if (elements.welcome.hidden) elements.content.focus({ preventScroll: true })
})
elements.signOut.addEventListener('click', () => {
  signOut()
  showWelcome()
  elements.field.focus()
})
elements.create.addEventListener('click', async () => {
  if (environment === undefined) return
  const { name: place } = environment
  const name = await createSecret(environment, selected?.replace(/[^/]*$/, '') ?? '')
  if (name !== undefined) location.hash = addressOf(place, name)
})
elements.search.addEventListener('input', renderList)
addEventListener('hashchange', () => { void route() })
// After the visitor has left the page, the browser may keep it, and show it again when the visitor goes back.
addEventListener('pagehide', hideValue)

void start()

/**
 * The comparison. It requests the report with the visitor's token and shows it as a table. From there, a placeholder gets its
 * first value, and selected secrets are promoted.
 */

import { byId, h, plural } from '../shared/dom.js'
import { call, Refusal, showCaller } from '../shared/gateway.js'
import { emptyNotice, refusalNotice } from '../shared/notice.js'
import { fillPlaceholder } from '../shared/placeholder.js'
import { signIn, signOut, token } from '../shared/session.js'
import { promote } from './promote.js'
import { headCells, isLacking, legend, renderRow } from './table.js'

/**
 * The number of rows that are shown at first. Each click on "Show more" adds the same number. The number is limited, because a
 * browser needs several seconds to lay out ten thousand rows.
 */
const pageSize = 1_000

/** @param {string} id */
const element = (id) => byId(id, HTMLElement)
/** @param {string} id */
const input = (id) => byId(id, HTMLInputElement)
/** @param {string} id */
const form = (id) => byId(id, HTMLFormElement)

/** @type {import('./table.js').Report} */
let report = { environments: [], items: [] }
let rowsShown = pageSize
/** @type {Set<string>} */
const selected = new Set()
/** The number of times that the visitor was signed out. A reply is discarded if the number has changed since its request. */
let signOuts = 0

/** @param {string} text */
function setStatus (text) {
  element('status').textContent = text
}

/** @param {unknown} [error] */
function setProblem (error) {
  element('problem').replaceChildren(...error === undefined ? [] : [refusalNotice(error)])
}

/** @param {boolean} isSignedIn */
function showSignedIn (isSignedIn) {
  form('access').hidden = isSignedIn
  element('sign-out').hidden = !isSignedIn
  if (isSignedIn) {
    void showCaller(element('caller'))
    return
  }
  signOuts += 1
  element('caller').textContent = ''
  for (const id of ['question', 'report']) element(id).hidden = true
  for (const id of ['environments', 'head', 'rows']) element(id).replaceChildren()
  report = { environments: [], items: [] }
  selected.clear()
}

/**
 * Runs `work`, and shows the status that it returns or the error that it throws. If the token is not accepted, the visitor has to
 * sign in again. Shows nothing if the visitor has signed out in the meantime.
 *
 * @param {() => Promise<string>} work
 */
async function run (work) {
  const started = signOuts
  setProblem()
  setStatus('Asking the gateway …')
  try {
    const status = await work()
    if (signOuts === started) setStatus(status)
  } catch (error) {
    if (signOuts !== started) return
    setStatus('')
    if (error instanceof Refusal && error.problem.code === 'unauthenticated') {
      signOut()
      showSignedIn(false)
    }
    setProblem(error)
  }
}

/**
 * Sends a request, and returns the reply's JSON.
 *
 * @param {string} path
 * @param {string} needs the permission that the request needs
 * @returns {Promise<any>}
 * @throws Error if the visitor has signed out in the meantime
 */
async function ask (path, needs) {
  const started = signOuts
  const reply = await call('GET', path, { needs })
  if (signOuts !== started) throw new Error('You have signed out.')
  return reply
}

async function loadEnvironments () {
  /** @type {{ items: { name: string }[] }} */
  const { items } = await ask('/environments', 'DescribeEnvironment')
  element('environments').replaceChildren(...items.map(({ name }) =>
    h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'environment', value: name, checked: true }), ` ${name}`)))
  input('token').value = ''
  showSignedIn(true)
  form('question').hidden = items.length === 0
  return items.length === 0
    ? 'No environment is visible to you. Ask whoever runs this gateway for the permission DescribeEnvironment.'
    : `${plural(items.length, 'environment')}.`
}

async function compare () {
  const chosen = new FormData(form('question')).getAll('environment').map(String)
  if (chosen.length === 0) throw new Error('Choose an environment.')
  const values = input('compare-values').checked
  const query = new URLSearchParams({ environments: chosen.join(','), compareValues: String(values) })
  report = await ask(`/consistency?${query}`, values ? 'ListSecrets and CompareValues' : 'ListSecrets')
  element('report').hidden = false
  rowsShown = pageSize
  for (const name of selected) if (!report.items.some((row) => row.name === name)) selected.delete(name)
  element('head').replaceChildren(...headCells(report))
  return renderRows()
}

/** @param {string} environment @param {string} name */
async function fill (environment, name) {
  if (await fillPlaceholder(environment, name)) await run(compare)
}

/** @param {string} name @param {boolean} isSelected */
function select (name, isSelected) {
  if (isSelected) selected.add(name)
  else selected.delete(name)
  renderSelection()
}

function renderSelection () {
  element('selection').hidden = selected.size === 0
  element('selected-count').textContent = selected.size === 0 ? '' : `${selected.size} selected`
  byId('promote', HTMLButtonElement).disabled = report.environments.length < 2
}

/** Renders the first `rowsShown` rows that match the filters, and returns a summary that counts all matching rows. */
function renderRows () {
  const wanted = input('name-filter').value.trim().toLowerCase()
  const matching = report.items.filter((row) => row.name.toLowerCase().includes(wanted) &&
    (!input('only-differences').checked || row.differs) &&
    (!input('only-lacking').checked || Object.values(row.environments).some(isLacking)))
  const choices = { selected, select, fill }
  element('rows').replaceChildren(...matching.slice(0, rowsShown).map((row) => renderRow(row, report.environments, choices)))
  element('more').hidden = matching.length <= rowsShown
  element('scroller').hidden = matching.length === 0
  for (const id of ['filters', 'legend']) element(id).hidden = report.items.length === 0
  element('empty').replaceChildren(...matching.length > 0 ? [] : [report.items.length > 0
    ? emptyNotice('No name is left.', 'Change the filters to see others.')
    : emptyNotice('There are no secrets in these environments yet.', 'Create the first one on the page “Secrets”.')])
  renderSelection()
  const differing = report.items.filter((row) => row.differs).length
  const leftOut = Object.entries(report.unaddressable ?? {})
    .map(([environment, count]) => ` ${environment} has ${count} more, with names that the gateway can't address.`)
  return `${matching.length} of ${report.items.length} names; ${differing} differ.${leftOut.join('')}`
}

const refresh = () => { setStatus(renderRows()) }

/**
 * Runs `work` when the form is submitted.
 *
 * @param {HTMLFormElement} submitted
 * @param {() => Promise<string>} work
 */
function onSubmit (submitted, work) {
  submitted.addEventListener('submit', async (event) => {
    event.preventDefault()
    const buttons = [...submitted.querySelectorAll('button')]
    for (const button of buttons) button.disabled = true
    await run(work)
    for (const button of buttons) button.disabled = false
  })
}

onSubmit(form('access'), async () => {
  signIn(input('token').value)
  return loadEnvironments()
})
onSubmit(form('question'), compare)
element('sign-out').addEventListener('click', () => {
  signOut()
  showSignedIn(false)
  setProblem()
  setStatus('')
  input('token').focus()
})
form('filters').addEventListener('submit', (event) => { event.preventDefault() })
form('filters').addEventListener('input', () => {
  rowsShown = pageSize
  refresh()
})
element('show-more').addEventListener('click', () => {
  rowsShown += pageSize
  refresh()
})
element('clear').addEventListener('click', () => {
  selected.clear()
  refresh()
})
element('promote').addEventListener('click', async () => {
  const result = await promote([...selected], report.environments)
  if (result === undefined) return
  selected.clear()
  await run(async () => `${result} ${await compare()}`)
})

element('legend').replaceChildren(...legend())
if (token() === '') showSignedIn(false)
else void run(loadEnvironments)

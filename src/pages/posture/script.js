/**
 * The posture page's script. It requests the judgements with the visitor's token, and shows them as a table. The token is shared
 * with the first page, so a visitor who has signed in there need not enter it again.
 */

import { byId, h, plural } from '../shared/dom.js'
import { call, environmentPath, pages, Refusal, showCaller } from '../shared/gateway.js'
import { emptyNotice, refusalNotice } from '../shared/notice.js'
import { signIn, signOut, token } from '../shared/session.js'

/** @typedef {{ name: string, rule: string, status: 'passed' | 'failed' | 'unknown', detail?: string }} Judgement */

/** The rules that need calls to AWS for each secret. */
const costly = ['replicas', 'public-policy']

/** The requirement of each rule, in plain words. */
const titles = new Map(Object.entries({
  'SecretsManager.1': 'Rotation is enabled',
  'SecretsManager.2': 'The last rotation has succeeded',
  'SecretsManager.3': 'The secret is used',
  'SecretsManager.4': 'The secret has been rotated recently',
  'SecretsManager.5': 'The secret is tagged',
  value: 'The secret has a value',
  required: 'A required secret exists',
  'kms-key': 'The KMS key is customer managed',
  replicas: 'All replicas are in sync',
  'public-policy': 'The resource policy does not allow everybody'
}))

/** The number of rows that are shown at first. Each click on "Show more" adds the same number. */
const pageSize = 500

const elements = {
  caller: byId('caller', HTMLElement),
  signOut: byId('sign-out', HTMLButtonElement),
  access: byId('access', HTMLFormElement),
  token: byId('token', HTMLInputElement),
  question: byId('question', HTMLFormElement),
  environment: byId('environment', HTMLSelectElement),
  prefix: byId('prefix', HTMLInputElement),
  costly: byId('costly', HTMLInputElement),
  problem: byId('problem', HTMLElement),
  status: byId('status', HTMLElement),
  report: byId('report', HTMLElement),
  filters: byId('filters', HTMLFormElement),
  rule: byId('rule', HTMLSelectElement),
  passed: byId('passed', HTMLInputElement),
  empty: byId('empty', HTMLElement),
  scroller: byId('scroller', HTMLElement),
  rows: byId('rows', HTMLElement),
  more: byId('more', HTMLElement),
  showMore: byId('show-more', HTMLButtonElement)
}

/** @type {Judgement[]} */
let judgements = []
let secrets = 0
let rowsShown = pageSize
/** The number of times that the visitor was signed out. A reply is discarded if the number has changed since its request. */
let signOuts = 0

/** @param {boolean} isSignedIn */
function showSignedIn (isSignedIn) {
  elements.access.hidden = isSignedIn
  elements.signOut.hidden = !isSignedIn
  if (isSignedIn) {
    void showCaller(elements.caller)
    return
  }
  signOuts += 1
  judgements = []
  secrets = 0
  for (const hidden of [elements.question, elements.report]) hidden.hidden = true
  const { caller, problem, status, environment, rows } = elements
  for (const emptied of [caller, problem, status, environment, rows]) emptied.replaceChildren()
}

/**
 * Runs `work`, and shows the status that it returns or the error that it throws. If the token is not accepted, the visitor has to
 * sign in again. Shows nothing if the visitor has signed out in the meantime.
 *
 * @param {() => Promise<string>} work
 */
async function run (work) {
  const started = signOuts
  elements.problem.replaceChildren()
  elements.status.textContent = 'Asking the gateway …'
  try {
    const status = await work()
    if (signOuts === started) elements.status.textContent = status
  } catch (error) {
    if (signOuts !== started) return
    elements.status.textContent = ''
    if (error instanceof Refusal && error.problem.code === 'unauthenticated') {
      signOut()
      showSignedIn(false)
    }
    elements.problem.replaceChildren(refusalNotice(error))
  }
}

/**
 * @param {number} started the value of `signOuts` at the beginning
 * @throws Error if the visitor has been signed out since
 */
function checkSignedIn (started) {
  if (signOuts !== started) throw new Error('You have signed out.')
}

/**
 * Runs `work` when a form is submitted.
 *
 * @param {HTMLFormElement} form
 * @param {() => Promise<string>} work
 */
function onSubmit (form, work) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const buttons = form.querySelectorAll('button')
    for (const button of buttons) button.disabled = true
    await run(work)
    for (const button of buttons) button.disabled = false
  })
}

async function showEnvironments () {
  const started = signOuts
  const { items } = await call('GET', '/environments', { needs: 'DescribeEnvironment' })
  checkSignedIn(started)
  elements.token.value = ''
  showSignedIn(true)
  elements.environment.replaceChildren(...items.map((/** @type {{ name: string }} */ { name }) => h('option', { value: name }, name)))
  elements.question.hidden = items.length === 0
  return items.length === 0 ? 'No environment is visible to you.' : `${plural(items.length, 'environment')}.`
}

onSubmit(elements.access, async () => {
  signIn(elements.token.value)
  return showEnvironments()
})

elements.signOut.addEventListener('click', () => {
  signOut()
  showSignedIn(false)
  elements.token.focus()
})

onSubmit(elements.question, async () => {
  const started = signOuts
  elements.report.hidden = true
  judgements = []
  secrets = 0
  rowsShown = pageSize
  const prefix = elements.prefix.value.trim()
  const query = { ...prefix !== '' && { namePrefix: prefix }, ...elements.costly.checked && { rule: [...titles.keys()].join(',') } }
  for await (const { items } of pages(environmentPath(elements.environment.value, '/posture'), query, 'AssessPosture')) {
    checkSignedIn(started)
    for (const { name, rules } of items) {
      secrets += 1
      for (const judgement of rules) judgements.push({ name, ...judgement })
    }
    elements.status.textContent = `${plural(secrets, 'secret')} so far …`
  }
  const rules = [...titles.keys()].filter((rule) => elements.costly.checked || !costly.includes(rule))
  elements.rule.replaceChildren(h('option', { value: '' }, 'All rules'), ...rules.map((rule) => h('option', { value: rule }, `${rule}: ${titles.get(rule) ?? ''}`)))
  elements.report.hidden = false
  return render()
})

/** Renders the first `rowsShown` rows that match the filters, and returns a summary that counts all matching rows. */
function render () {
  const matching = judgements.filter(({ status, rule }) => (elements.passed.checked || status !== 'passed') && ['', rule].includes(elements.rule.value))
  elements.rows.replaceChildren(...matching.slice(0, rowsShown).map(({ name, rule, status, detail }) => h('tr', {},
    h('td', {}, h('span', { class: `badge ${status}` }, status)),
    h('td', { title: titles.get(rule) }, rule),
    h('th', { scope: 'row' }, name),
    h('td', {}, detail))))
  elements.more.hidden = matching.length <= rowsShown
  elements.scroller.hidden = matching.length === 0
  elements.filters.hidden = judgements.length === 0
  elements.empty.replaceChildren(...matching.length > 0 ? [] : [judgements.length > 0
    ? emptyNotice('Nothing has failed here.', 'Choose another rule, or show also what has passed.')
    : emptyNotice('There is no secret to judge.', 'Choose another environment, or another beginning of the names.')])
  const count = (/** @type {string} */ wanted) => judgements.filter(({ status }) => status === wanted).length
  return `${plural(secrets, 'secret')}: ${count('failed')} failed, ${count('unknown')} unknown, ${count('passed')} passed.`
}

elements.filters.addEventListener('submit', (event) => { event.preventDefault() })
elements.filters.addEventListener('input', () => {
  rowsShown = pageSize
  render()
})
elements.showMore.addEventListener('click', () => {
  rowsShown += pageSize
  render()
})

// A visitor who has signed in on another page of this tab need not sign in again.
if (token() !== '') void run(showEnvironments)

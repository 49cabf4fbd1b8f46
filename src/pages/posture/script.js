/**
 * The posture page's script. It requests the judgements with the visitor's token, and shows them as a table. The token is shared
 * with the first page, so a visitor who has signed in there need not enter it again.
 */

import { byId, h, plural } from '../shared/dom.js'
import { environmentPath, pages } from '../shared/gateway.js'
import { emptyNotice } from '../shared/notice.js'
import { focusReport, onSubmit, sameVisit, setStatus, start } from '../shared/report-page.js'

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
  question: byId('question', HTMLFormElement),
  environment: byId('environment', HTMLSelectElement),
  prefix: byId('prefix', HTMLInputElement),
  costly: byId('costly', HTMLInputElement),
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

onSubmit(elements.question, async () => {
  const checkVisit = sameVisit()
  elements.report.hidden = true
  judgements = []
  secrets = 0
  rowsShown = pageSize
  const prefix = elements.prefix.value.trim()
  const query = { ...prefix !== '' && { namePrefix: prefix }, ...elements.costly.checked && { rule: [...titles.keys()].join(',') } }
  for await (const { items } of pages(environmentPath(elements.environment.value, '/posture'), query, 'AssessPosture')) {
    checkVisit()
    for (const { name, rules } of items) {
      secrets += 1
      for (const judgement of rules) judgements.push({ name, ...judgement })
    }
    setStatus(`${plural(secrets, 'secret')} so far …`)
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
  const count = (/** @type {string} */ wanted) => judgements.filter(({ status }) => status === wanted).length.toLocaleString('en')
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
  if (elements.more.hidden) focusReport()
})

start({
  showEnvironments: (names) => { elements.environment.replaceChildren(...names.map((name) => h('option', { value: name }, name))) },
  forget: () => {
    judgements = []
    secrets = 0
    for (const emptied of [elements.environment, elements.rows]) emptied.replaceChildren()
  }
})

/**
 * The comparison. It requests the report with the visitor's token and shows it as a table. From there, a placeholder gets its
 * first value, and selected secrets are promoted.
 */

import { byId, h, plural } from '../shared/dom.js'
import { call } from '../shared/gateway.js'
import { emptyNotice } from '../shared/notice.js'
import { fillPlaceholder } from '../shared/placeholder.js'
import { focusReport, onSubmit, run, sameVisit, setStatus, start } from '../shared/report-page.js'
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

async function compare () {
  const chosen = new FormData(form('question')).getAll('environment').map(String)
  if (chosen.length === 0) throw new Error('Choose an environment.')
  const values = input('compare-values').checked
  const query = new URLSearchParams({ environments: chosen.join(','), compareValues: String(values) })
  const checkVisit = sameVisit()
  const reply = await call('GET', `/consistency?${query}`, { needs: values ? 'ListSecrets and CompareValues' : 'ListSecrets' })
  checkVisit()
  report = reply
  element('report').hidden = false
  rowsShown = pageSize
  for (const name of selected) if (!report.items.some((row) => row.name === name)) selected.delete(name)
  element('head').replaceChildren(...headCells(report))
  return renderRows()
}

/** @param {string} environment @param {string} name */
async function fill (environment, name) {
  if (!await fillPlaceholder(environment, name)) return
  await run(compare)
  focusRow(name)
}

/** Moves the focus to a row, because the button that had it is gone. @param {string} name */
function focusRow (name) {
  const box = element('rows').querySelector(`[data-name="${CSS.escape(name)}"]`)
  if (box instanceof HTMLElement) box.focus()
  else focusReport()
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
    .map(([environment, count]) => ` ${environment} has ${count} more, with names that the gateway can’t address.`)
  return `${matching.length.toLocaleString('en')} of ${plural(report.items.length, 'name')}; ${differing.toLocaleString('en')} differ.${leftOut.join('')}`
}

const refresh = () => { setStatus(renderRows()) }

onSubmit(form('question'), compare)
form('filters').addEventListener('submit', (event) => { event.preventDefault() })
form('filters').addEventListener('input', () => {
  rowsShown = pageSize
  refresh()
})
element('show-more').addEventListener('click', () => {
  rowsShown += pageSize
  refresh()
  if (element('more').hidden) focusReport()
})
element('clear').addEventListener('click', () => {
  selected.clear()
  refresh()
  focusReport()
})
element('promote').addEventListener('click', async () => {
  const result = await promote([...selected], report.environments)
  if (result === undefined) return
  selected.clear()
  await run(async () => `${result} ${await compare()}`)
  focusReport()
})

element('legend').replaceChildren(...legend())
start({
  showEnvironments: (names) => {
    element('environments').replaceChildren(...names.map((name) =>
      h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'environment', value: name, checked: true }), ` ${name}`)))
  },
  forget: () => {
    for (const id of ['environments', 'head', 'rows']) element(id).replaceChildren()
    report = { environments: [], items: [] }
    selected.clear()
  }
})

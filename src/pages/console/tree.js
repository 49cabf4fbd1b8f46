/** The list of secrets: a tree with a folder for each `/` in their names or, while the visitor searches, the matching names. */

import { h } from '../shared/dom.js'

/**
 * @typedef {{ name: string, state: 'active' | 'placeholder' | 'pending-deletion' }} Listed
 * @typedef {{ folders: Map<string, Folder>, secrets: Listed[], count: number }} Folder
 */

/** The badges of the states. `active` has none. */
const badges = { placeholder: 'no value', 'pending-deletion': 'deletion scheduled' }

/** If there are at most this many secrets, all folders are open at first. */
const mostOpen = 40

/** The number of rows that are created at once. The others follow when the browser is idle. */
const chunk = 250

/**
 * Creates a list of many rows. Only the first rows are created immediately, so that a long list does not slow down typing.
 *
 * @param {readonly (() => HTMLElement)[]} rows
 */
function growingList (rows) {
  const list = h('ul', {}, ...rows.slice(0, chunk).map((create) => create()))
  /** @param {number} start */
  const grow = (start) => {
    if (start >= rows.length) return
    setTimeout(() => {
      if (!list.isConnected) return
      list.append(...rows.slice(start, start + chunk).map((create) => create()))
      grow(start + chunk)
    })
  }
  grow(chunk)
  return list
}

/** @returns {Folder} */
const emptyFolder = () => ({ folders: new Map(), secrets: [], count: 0 })

/** @param {readonly Listed[]} secrets */
function foldersOf (secrets) {
  const root = emptyFolder()
  for (const secret of secrets) {
    let folder = root
    folder.count += 1
    for (const part of secret.name.split('/').slice(0, -1)) {
      const next = folder.folders.get(part) ?? emptyFolder()
      folder.folders.set(part, next)
      folder = next
      folder.count += 1
    }
    folder.secrets.push(secret)
  }
  return root
}

/** @param {string} environment @param {string} [name] */
export const addressOf = (environment, name) => `#/${[environment, ...name === undefined ? [] : name.split('/')].map(encodeURIComponent).join('/')}`

/**
 * Creates the list. A folder's contents are created when it is opened for the first time.
 *
 * @param {object} shown
 * @param {string} shown.environment
 * @param {readonly Listed[]} shown.secrets sorted by name
 * @param {string} shown.search
 * @param {string | undefined} shown.selected a secret's name
 * @param {Set<string>} shown.toggled the folders that the visitor has opened or closed; changed by the list
 * @returns {{ list: HTMLElement, count: number }} the list, and the number of secrets in it
 */
export function renderTree ({ environment, secrets, search, selected, toggled }) {
  /** @param {Listed} secret @param {string} text */
  const link = ({ name, state }, text) => h('li', {},
    h('a', { href: addressOf(environment, name), 'aria-current': name === selected && 'true', 'data-name': name },
      text,
      state !== 'active' && h('span', { class: `badge ${state}` }, badges[state])))

  const wanted = search.trim().toLowerCase()
  if (wanted !== '') {
    const matching = secrets.filter(({ name }) => name.toLowerCase().includes(wanted))
    return { list: growingList(matching.map((secret) => () => link(secret, secret.name))), count: matching.length }
  }

  const isOpenAtFirst = secrets.length <= mostOpen
  /** @param {Folder} folder @param {string} path @returns {HTMLElement} */
  const listOf = (folder, path) => growingList([
    ...[...folder.folders].map(([part, inner]) => () => h('li', {}, branch(part, inner, `${path}${part}/`))),
    ...folder.secrets.map((secret) => () => link(secret, secret.name.slice(path.length)))
  ])
  /** @param {string} part @param {Folder} folder @param {string} path */
  const branch = (part, folder, path) => {
    const isOpen = selected?.startsWith(path) === true || isOpenAtFirst !== toggled.has(path)
    const details = h('details', { open: isOpen }, h('summary', {}, `${part}/`, h('span', { class: 'badge' }, String(folder.count))))
    if (isOpen) details.append(listOf(folder, path))
    details.addEventListener('toggle', () => {
      if (details.open && details.children.length === 1) details.append(listOf(folder, path))
      if (details.open === isOpenAtFirst) toggled.delete(path)
      else toggled.add(path)
    })
    return details
  }
  return { list: listOf(foldersOf(secrets), ''), count: secrets.length }
}

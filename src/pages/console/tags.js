/** The tags of a secret: the dialog that changes them. */

import { ask } from '../shared/dialog.js'
import { h } from '../shared/dom.js'
import { call, secretPath } from '../shared/gateway.js'
import { contextOf } from './changes.js'
import { tagList } from './environment.js'

/**
 * Returns the tags to set and to remove, so that a secret's tags become those of the form.
 *
 * @param {Readonly<Record<string, string>>} before
 * @param {readonly (readonly [key: string, value: string])[]} after
 * @throws Error if two tags have the same key
 */
function changesOf (before, after) {
  const wanted = new Map(after)
  if (wanted.size < after.length) throw new Error('Two tags have the same key. Remove one of them.')
  return {
    set: Object.fromEntries(after.filter(([key, value]) => !Object.hasOwn(before, key) || before[key] !== value)),
    removed: Object.keys(before).filter((key) => !wanted.has(key))
  }
}

/** @param {string} key @param {string} value @param {() => void} onRemove */
function tagRow (key, value, onRemove) {
  const name = key === '' ? 'new tag' : `tag ${key}`
  /** @param {'Key' | 'Value'} part @param {string} text @param {number} length */
  const input = (part, text, length) => h('input', {
    name: part.toLowerCase(), value: text, 'aria-label': `${part} of ${name}`, placeholder: part, required: part === 'Key',
    maxlength: length, autocomplete: 'off', spellcheck: 'false'
  })
  const row = h('li', {},
    input('Key', key, 128),
    input('Value', value, 256),
    h('button', { type: 'button', class: 'plain small', 'aria-label': `Remove ${name}`, click: () => { row.remove(); onRemove() } }, 'Remove'))
  return row
}

/**
 * Changes the tags. Only the differences are sent, so tags that somebody else sets at the same time stay.
 *
 * @param {import('./changes.js').Subject} subject
 * @returns {Promise<string | undefined>} a sentence about the result, or undefined if nothing has changed
 */
export async function editTags (subject) {
  const { environment, name, metadata: { tags = {} } } = subject
  /** @param {boolean} isGiven */
  const those = (isGiven) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => Object.hasOwn(environment.tags, key) === isGiven))
  const [given, own] = [those(true), those(false)]
  const path = secretPath(environment.name, name, '/tags')

  const addButton = h('button', { type: 'button', class: 'small', click: () => { addRow('', '').querySelector('input')?.focus() } }, 'Add a tag')
  const rows = h('ul', { class: 'tag-rows', 'aria-label': 'Tags' })
  /** @param {string} key @param {string} value */
  const addRow = (key, value) => {
    const row = tagRow(key, value, () => { addButton.focus() })
    rows.append(row)
    return row
  }
  for (const [key, value] of Object.entries(own)) addRow(key, value)

  let isTagged = false
  const isDone = await ask({
    title: `Tags of ${name}`,
    content: [
      Object.keys(given).length === 0 ? undefined : h('div', { class: 'field' }, h('span', { class: 'label' }, 'Set by the environment'), tagList(given)),
      rows,
      h('div', { class: 'add' }, addButton),
      h('p', { class: 'hint' }, 'Tags are not secret. Policies in AWS can refer to them, so a change may also change who has access there.')
    ],
    submit: 'Save tags',
    context: contextOf(subject),
    send: async (answer) => {
      const values = answer.getAll('value').map(String)
      const { set, removed } = changesOf(own, answer.getAll('key').map((key, index) => [String(key), values[index] ?? '']))
      if (Object.keys(set).length > 0) {
        await call('PUT', path, { needs: 'TagResource', body: JSON.stringify(set) })
        isTagged = true
      }
      if (removed.length > 0) {
        await call('DELETE', `${path}?${new URLSearchParams(removed.map((key) => ['key', key]))}`, { needs: 'UntagResource' })
      }
    }
  })
  if (isDone) return 'The tags are saved.'
  return isTagged ? 'The new and the changed tags are saved. No tag was removed.' : undefined
}

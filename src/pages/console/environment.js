import { definitions, h, plural } from '../shared/dom.js'
import { addressOf } from './tree.js'

/**
 * @typedef {object} Environment
 * @property {string} name
 * @property {string} region
 * @property {string} [account]
 * @property {string} namePrefix
 * @property {string} [kmsKeyId]
 * @property {Record<string, string>} tags
 * @property {string[]} replicaRegions
 * @property {number} recoveryWindowInDays
 * @property {boolean} deletionProtection
 * @property {string[]} requiredSecrets
 */

const states = {
  active: { badge: 'present', text: 'present' },
  placeholder: { badge: 'placeholder', text: 'no value' },
  'pending-deletion': { badge: 'pending-deletion', text: 'deletion scheduled' },
  missing: { badge: 'missing', text: 'missing' }
}

/** @param {Readonly<Record<string, string>>} tags */
export const tagList = (tags) => h('ul', { class: 'tags' }, ...Object.entries(tags).map(([key, value]) => h('li', {}, h('b', {}, key), ` = ${value}`)))

/**
 * Creates the description of an environment, which is shown while no secret is selected.
 *
 * @param {Environment} environment
 * @param {readonly import('./tree.js').Listed[]} secrets the environment's secrets
 */
export function renderEnvironment (environment, secrets) {
  const { name, region, account, namePrefix, kmsKeyId, tags, replicaRegions, requiredSecrets } = environment
  const { recoveryWindowInDays, deletionProtection } = environment
  const known = new Map(secrets.map((secret) => [secret.name, secret.state]))
  /** @param {string} required */
  const row = (required) => {
    const { badge, text } = states[known.get(required) ?? 'missing']
    return h('li', {},
      h('span', { class: 'grow' }, known.has(required) ? h('a', { href: addressOf(name, required) }, required) : required),
      h('span', { class: `badge ${badge}` }, text))
  }
  return h('article', {},
    h('div', { class: 'title' }, h('span', { class: 'place' }, 'Environment'), h('h2', {}, name)),
    h('section', { class: 'card' },
      h('h3', {}, 'Settings'),
      definitions([
        ['Region', region],
        ['AWS account', account],
        ['Prefix of the names in AWS', namePrefix === '' ? 'none' : h('span', { class: 'mono' }, namePrefix)],
        ['KMS key', kmsKeyId ?? 'aws/secretsmanager'],
        ['Recovery window', plural(recoveryWindowInDays, 'day')],
        ['Deletion without recovery', deletionProtection ? 'refused' : 'possible'],
        ['Replicas of new secrets', replicaRegions.length === 0 ? 'none' : replicaRegions.join(', ')],
        ['Tags of new secrets', Object.keys(tags).length === 0 ? 'none' : tagList(tags)]
      ])),
    requiredSecrets.length > 0 && h('section', { class: 'card' },
      h('h3', {}, 'Required secrets'),
      h('ul', { class: 'rows' }, ...requiredSecrets.map(row))),
    h('p', { class: 'muted' }, 'Choose a secret from the list to see its versions, its rotation and, if you ask for it, its value.'),
    h('p', { class: 'muted' }, 'About this gateway: ', h('a', { href: '/health/ready' }, 'health'), ', ', h('a', { href: '/openapi.yaml' }, 'OpenAPI document')))
}

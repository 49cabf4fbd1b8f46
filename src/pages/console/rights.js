/** The actions that the visitor may perform on a secret. The console asks in advance, so that no button leads to a refusal. */

import { h } from '../shared/dom.js'
import { call } from '../shared/gateway.js'

/** @typedef {(action: string) => boolean} May returns false if the gateway would refuse the action */

/** The actions that the buttons for a secret need, unless its deletion is scheduled or it is a replica. */
export const ordinary = [
  'GetSecretValue', 'PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage', 'TagResource', 'UntagResource', 'ConfigureRotation', 'RotateSecret',
  'CancelRotateSecret', 'ReplicateSecretToRegions', 'RemoveRegionsFromReplication', 'GetResourcePolicy', 'DeleteSecret'
]

const advice = 'Ask whoever runs this gateway.'

/**
 * Asks the gateway what the visitor may do. If it does not answer, everything is offered, and may be refused later.
 *
 * @param {string} environment
 * @param {string} name
 * @returns {Promise<May>}
 */
export async function readRights (environment, name) {
  try {
    const { actions } = await call('GET', `/authorization/actions?${new URLSearchParams({ environment, name })}`, { needs: 'a token' })
    return (action) => actions.includes(action)
  } catch {
    return () => true
  }
}

/**
 * Creates a button. If the visitor lacks one of the permissions that the button needs, the button is disabled and says so.
 *
 * @param {May} may
 * @param {readonly string[]} needs
 * @param {Readonly<Record<string, import('../shared/dom.js').AttributeValue>>} attributes
 * @param {string} text
 */
export function permittedButton (may, needs, attributes, text) {
  const lacking = needs.filter((action) => !may(action))
  if (lacking.length === 0) return h('button', { type: 'button', ...attributes }, text)
  return h('button', { type: 'button', ...attributes, disabled: true, title: `You lack the permission ${lacking.join(' and ')}. ${advice}` }, text)
}

/**
 * Creates a line with the permissions that the visitor lacks, because a disabled button explains itself only to a mouse.
 *
 * @param {May} may
 * @param {readonly string[]} actions those that the buttons need
 */
export function lackingRights (may, actions) {
  const lacking = actions.filter((action) => !may(action))
  return lacking.length > 0 && h('p', { class: 'hint' }, `The buttons that you may not use are disabled. You lack ${lacking.length === 1 ? 'the permission' : 'these permissions'}: ${lacking.join(', ')}. ${advice}`)
}

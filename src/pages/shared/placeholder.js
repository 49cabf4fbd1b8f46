import { ask, textOf, valueField } from './dialog.js'
import { h } from './dom.js'
import { call, ifCurrent, secretPath } from './gateway.js'

/**
 * Asks for the first value of a placeholder, and writes it.
 *
 * @param {string} environment
 * @param {string} name
 * @returns {Promise<boolean>} false if the visitor has cancelled
 */
export const fillPlaceholder = async (environment, name) => ask({
  title: `Set the first value of ${name} in ${environment}`,
  content: [valueField('first-value'), h('p', { class: 'hint' }, `Services in ${environment} can read it at once.`)],
  submit: 'Set value',
  context: { environment, name },
  send: async (answer) => {
    // A placeholder has no version that `If-Match` could name, so this check detects whether somebody else has set a value
    // meanwhile.
    const { state } = await call('GET', secretPath(environment, name, '/metadata'), { needs: 'DescribeSecret' })
    if (state !== 'placeholder') throw new Error('Somebody else has set a value meanwhile. Nothing was written. Reload to see it.')
    await call('PUT', secretPath(environment, name), {
      needs: 'PutSecretValue', body: JSON.stringify({ value: textOf(answer, 'value') }), ifMatch: ifCurrent(undefined)
    })
  }
})

/**
 * What the gateway adds to Swagger UI. The token is masked, and shared with the other pages through the tab's session storage.
 * The filter finds operations by their path, method, ID or summary, not only by their tag.
 *
 * This file is a script and not a module, because it must run after Swagger UI's scripts are loaded and before Swagger UI starts.
 */
(() => {
  const key = 'secrets-gateway-token'
  /** The fields that take a token. */
  const tokenFields = new Set(['auth-bearer-value', 'api_key_value'])
  /** @type {any} */
  const page = window
  const start = page.SwaggerUIBundle

  /** @param {any} operation */
  const textOf = (operation) => [
    operation.get('method'), operation.get('path'), operation.getIn(['operation', 'operationId']), operation.getIn(['operation', 'summary'])
  ].join(' ').toLowerCase()

  /** @param {any} tagged the operations of each tag @param {string} phrase */
  const opsFilter = (tagged, phrase) => tagged
    .map((/** @type {any} */ group, /** @type {string} */ tag) => tag.includes(phrase.toLowerCase())
      ? group
      : group.update('operations', (/** @type {any} */ operations) =>
          operations.filter((/** @type {any} */ operation) => textOf(operation).includes(phrase.toLowerCase()))))
    .filter((/** @type {any} */ group) => group.get('operations').size > 0)

  /** @param {{ React: any }} system */
  const plugin = ({ React }) => ({
    fn: { opsFilter },
    components: {
      FilterContainer: (/** @type {any} */ { layoutSelectors, layoutActions }) => {
        const filter = layoutSelectors.currentFilter()
        return React.createElement('div', { className: 'wrapper filter' }, React.createElement('input', {
          className: 'operation-filter-input',
          type: 'search',
          'aria-label': 'Filter operations',
          placeholder: 'Filter operations, such as “rotation” or “readSecret”',
          value: typeof filter === 'string' && filter !== 'true' ? filter : '',
          onChange: (/** @type {any} */ { target }) => { layoutActions.updateFilter(target.value) }
        }))
      }
    },
    wrapComponents: {
      Input: (/** @type {any} */ Original) => (/** @type {any} */ properties) =>
        React.createElement(Original, tokenFields.has(properties.id) ? { ...properties, type: 'password', autoComplete: 'off' } : properties)
    },
    statePlugins: {
      auth: {
        wrapActions: {
          authorize: (/** @type {any} */ original) => (/** @type {any} */ given) => {
            const value = given.bearer?.value
            if (typeof value === 'string' && value !== '') sessionStorage.setItem(key, value)
            return original(given)
          },
          logout: (/** @type {any} */ original) => (/** @type {string[]} */ names) => {
            if (names.includes('bearer')) sessionStorage.removeItem(key)
            return original(names)
          }
        }
      }
    }
  })

  page.SwaggerUIBundle = Object.assign((/** @type {any} */ config) => {
    const ui = start({
      ...config,
      plugins: [...config.plugins, plugin],
      onComplete: () => {
        const token = sessionStorage.getItem(key)
        if (token !== null) ui.preauthorizeApiKey('bearer', token)
      }
    })
    return ui
  }, start)
})()

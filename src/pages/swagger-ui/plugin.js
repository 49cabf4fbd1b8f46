/**
 * The gateway's additions to Swagger UI. The token is masked, and shared with the other pages through the tab's session storage.
 * The filter finds operations by their path, method, ID or summary, not only by their tag. The bar at the top leads to the other
 * pages. The colours follow the browser's preference. Accessibility is improved for keyboards, screen readers and phones.
 *
 * This file is a script instead of a module, because it must run after Swagger UI's scripts are loaded and before Swagger UI
 * starts.
 */
(() => {
  const key = 'secrets-gateway-token'
  /** The input fields for tokens. */
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

  /** The links to all pages, as in the bars of the other pages. */
  const places = [['/', 'Secrets'], ['/docs/consistency', 'Comparison'], ['/docs/posture', 'Posture'], ['/docs', 'API']]

  /** @param {{ React: any }} system */
  const plugin = ({ React: { createElement: h } }) => ({
    fn: { opsFilter },
    components: {
      // Swagger UI's bar could only load other documents.
      Topbar: () => null,
      // Text instead of a link, because the link would be inside a button.
      DeepLink: (/** @type {any} */ { text }) => h('span', {}, text),
      FilterContainer: (/** @type {any} */ { layoutSelectors, layoutActions }) => {
        const filter = layoutSelectors.currentFilter()
        return h('div', { className: 'wrapper filter', role: 'search' }, h('input', {
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
        h(Original, tokenFields.has(properties.id) ? { ...properties, type: 'password', autoComplete: 'off' } : properties),
      BaseLayout: (/** @type {any} */ Original) => (/** @type {any} */ properties) => [
        h('header', { key: 'bar', className: 'gateway-bar', role: 'banner' },
          h('a', { className: 'brand', href: '/' }, 'secrets-gateway'),
          h('nav', { 'aria-label': 'Pages' }, ...places.map(([href, text]) => h('a', { key: href, href, 'aria-current': href === '/docs' ? 'page' : undefined }, text)))),
        h(Original, { key: 'rest', ...properties })
      ]
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

  /**
   * The attributes that elements of Swagger UI need, or must not have (null), for screen readers and keyboards.
   *
   * @type {[selector: string, attribute: string, value: string | null | ((element: HTMLElement) => string)][]}
   */
  const fixes = [
    // The landmarks of the page.
    ['.information-container', 'role', 'region'],
    ['.information-container', 'aria-label', 'About this API'],
    ['.scheme-container', 'role', 'region'],
    ['.scheme-container', 'aria-label', 'Server and authorization'],
    ['.modal-ux', 'role', 'dialog'],
    ['.modal-ux', 'aria-modal', 'true'],
    ['.modal-ux', 'aria-label', 'Available authorizations'],
    // Headings without gaps between their levels.
    [':is(h3.opblock-tag, .modal-ux h3, .models > h4)', 'aria-level', '2'],
    [':is(.opblock, .modal-ux) h4', 'aria-level', '3'],
    ['.opblock h5', 'aria-level', '4'],
    // The names of controls.
    ['tr[data-param-name] :is(input, select, textarea)', 'aria-label', (element) => element.closest('tr')?.dataset.paramName ?? ''],
    ['.body-param__text', 'aria-label', 'Request body'],
    ['#servers', 'aria-label', 'Server'],
    ['.examples-select-element', 'aria-label', 'Example'],
    ['.close-modal', 'aria-label', 'Close'],
    ['.modal-btn.auth', 'aria-label', null],
    // Roles and names that don't match their elements.
    ['.copy-to-clipboard', 'aria-label', null],
    ['.responses-table', 'role', null],
    // Scrollable areas must be reachable with a keyboard.
    [':is(pre.microlight, .responses-inner, .table-container)', 'tabindex', '0']
  ]

  function mend () {
    for (const [selector, attribute, wanted] of fixes) {
      for (const element of document.querySelectorAll(selector)) {
        if (!(element instanceof HTMLElement)) continue
        const value = typeof wanted === 'function' ? wanted(element) : wanted
        if (value === null) element.removeAttribute(attribute)
        else if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value)
      }
    }
  }

  // Swagger UI has dark colours, but only its own bar at the top would switch to them.
  const prefersDark = matchMedia('(prefers-color-scheme: dark)')
  const followPreference = () => { document.documentElement.classList.toggle('dark-mode', prefersDark.matches) }
  prefersDark.addEventListener('change', followPreference)
  followPreference()

  // Without this, a phone would lay out the page for a desktop.
  document.head.append(Object.assign(document.createElement('meta'), { name: 'viewport', content: 'width=device-width, initial-scale=1' }))
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true })

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

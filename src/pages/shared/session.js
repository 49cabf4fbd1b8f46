/**
 * The visitor's token. It is in the tab's session storage, so a reload keeps it, but new tabs and other sites do not have it. A
 * duplicated tab gets a copy, and so does a tab that the browser restores. Nothing else is stored, such as names or values.
 */

const key = 'secrets-gateway-token'

/** Returns the token, or an empty string if nobody is signed in. */
export const token = () => sessionStorage.getItem(key) ?? ''

/**
 * Stores a token.
 *
 * @param {string} given
 * @throws Error if it can't be a token; with some characters, `fetch` would throw an unhelpful error
 */
export function signIn (given) {
  const trimmed = given.trim().replace(/^Bearer\s+/i, '')
  if (!/^[!-~]+$/.test(trimmed)) throw new Error('That is not a token: it has spaces or characters that no token has.')
  sessionStorage.setItem(key, trimmed)
}

/** Removes the token. */
export function signOut () {
  sessionStorage.removeItem(key)
}

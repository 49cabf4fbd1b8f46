/**
 * Directives that let a page load scripts, styles and data only from the gateway. None of them requires HTTPS, because the
 * gateway may be served over plain HTTP.
 */
const strict = {
  'default-src': '\'none\'',
  'connect-src': '\'self\'',
  'script-src': '\'self\'',
  'style-src': '\'self\'',
  'img-src': 'data:',
  'base-uri': '\'none\'',
  'form-action': '\'none\'',
  'frame-ancestors': '\'none\''
}

/**
 * Returns the `Content-Security-Policy` header of a page that the gateway serves.
 *
 * @param exceptions the page's own directives; each one overrides the directive of the same name in `strict`, if there is one
 */
export const contentSecurityPolicy = (exceptions: Readonly<Record<string, string>>): string =>
  Object.entries({ ...strict, ...exceptions }).map((directive) => directive.join(' ')).join('; ')

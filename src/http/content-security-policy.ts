/** A page may load scripts, styles and data from the gateway, also over plain HTTP, and nothing from anywhere else. */
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
 * The `Content-Security-Policy` of a page that the gateway serves.
 *
 * @param exceptions directives that this page needs in addition, or in another form
 */
export const contentSecurityPolicy = (exceptions: Readonly<Record<string, string>>): string =>
  Object.entries({ ...strict, ...exceptions }).map((directive) => directive.join(' ')).join('; ')

/** What an element of XML holds: a text, or elements; one that is undefined is left out. */
export type Content = string | number | { readonly [name: string]: Content | undefined }

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&apos;' }

/** An element with its content, as AWS's Query protocol writes it. */
export function element (name: string, content: Content, attributes = ''): string {
  return `<${name}${attributes}>${inside(content)}</${name}>`
}

function inside (content: Content): string {
  if (typeof content !== 'object') return String(content).replace(/[&<>"']/g, (character) => entities[character] ?? '')
  return Object.entries(content).map(([name, value]) => value === undefined ? '' : element(name, value)).join('')
}

/** The content of an XML element: text or child elements. Undefined children are omitted. */
export type Content = string | number | { readonly [name: string]: Content | undefined }

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&apos;' }

/** Serializes an XML element, as in AWS's Query protocol. */
export function element (name: string, content: Content, attributes = ''): string {
  return `<${name}${attributes}>${inside(content)}</${name}>`
}

function inside (content: Content): string {
  if (typeof content !== 'object') return String(content).replace(/[&<>"']/g, (character) => entities[character] ?? '')
  return Object.entries(content).map(([name, value]) => value === undefined ? '' : element(name, value)).join('')
}

/** The timeout for a reply including its body, in milliseconds. */
const timeout = 5_000

/** The maximum size of a reply's body, in bytes. */
const maximumBytes = 256 * 1024

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Returns true if an identity provider's URL has no user name or password, and uses https, or http on the loopback interface. */
export function isSafeUrl (url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, username, password } = new URL(url)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname))
  return isSafe && username === '' && password === ''
}

/** The reply of an identity provider. */
export interface TextReply {
  status: number
  /** The media type without parameters, in lower case. */
  mediaType: string
  text: string
}

/**
 * Sends a request to an identity provider. A redirect is an error, because it could lead to a host that nobody configured.
 *
 * @throws Error if the URL is not safe, or if the reply is missing, late or too large
 */
export async function fetchText (url: string, options: Pick<RequestInit, 'method' | 'headers' | 'body'> = {}): Promise<TextReply> {
  if (!isSafeUrl(url)) throw new Error('the URL must be https')
  const response = await fetch(url, { ...options, redirect: 'error', signal: AbortSignal.timeout(timeout) })
  const chunks: Uint8Array[] = []
  let size = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > maximumBytes) throw new Error('a reply that is too large')
    chunks.push(chunk)
  }
  const [mediaType = ''] = (response.headers.get('content-type') ?? '').split(';')
  return { status: response.status, mediaType: mediaType.trim().toLowerCase(), text: Buffer.concat(chunks).toString() }
}

/**
 * Fetches a JSON document from an identity provider.
 *
 * @throws Error as `fetchText` does, or if the reply's status is not 200 or its body is not JSON
 */
export async function fetchJson (url: string): Promise<unknown> {
  const { status, text } = await fetchText(url, { headers: { accept: 'application/json' } })
  if (status !== 200) throw new Error(`a reply with status ${status}`)
  return JSON.parse(text)
}

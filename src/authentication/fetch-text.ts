/** Milliseconds that a reply may take, its body included. */
const timeout = 5_000

/** Bytes of a reply's body at most. */
const maximumBytes = 256 * 1024

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Whether a URL may be asked for what authentication rests on: by https, and by plain http on the loopback interface alone. */
export function isTrustworthy (url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, username, password } = new URL(url)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname))
  return isSafe && username === '' && password === ''
}

export interface TextReply {
  status: number
  /** Without parameters, in lower case. */
  mediaType: string
  text: string
}

/**
 * Asks an identity provider, and follows no redirect: it would lead where nobody has configured it to.
 *
 * @throws Error where there is no reply, one that is too large, or one too late
 */
export async function fetchText (url: string, options: Pick<RequestInit, 'method' | 'headers' | 'body'> = {}): Promise<TextReply> {
  if (!isTrustworthy(url)) throw new Error('not a URL that may be asked')
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
 * A JSON document of an identity provider.
 *
 * @throws Error where it does not answer with one
 */
export async function fetchJson (url: string): Promise<unknown> {
  const { status, text } = await fetchText(url, { headers: { accept: 'application/json' } })
  if (status !== 200) throw new Error(`a reply with status ${status}`)
  return JSON.parse(text)
}

import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { tokens, type Gateway } from './helper.ts'
import { until } from './until.ts'

/** Returns the number of waiting reads or event streams of a gateway. */
export function waiting ({ fastify }: Gateway, kind: 'read' | 'event-stream' = 'read'): number {
  const [, count] = new RegExp(`^secrets_gateway_waiting_requests\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(fastify.metrics.text()) ?? []
  return Number(count)
}

/** Resolves when this number of requests are waiting. */
export const untilWaiting = async (gateway: Gateway, count: number, kind?: 'read' | 'event-stream'): Promise<void> =>
  until(() => waiting(gateway, kind) === count)

export interface StreamEvent {
  id: string | undefined
  event: string
  data: any // eslint-disable-line @typescript-eslint/no-explicit-any -- tests read arbitrary members
}

/** An open event stream. */
export interface Stream {
  status: number
  /** The events so far, without the heartbeats. */
  events: StreamEvent[]
  /** The text that has been received so far. */
  text: () => string
  isOver: () => boolean
  close: () => void
}

export async function openStream (
  { url }: Pick<Gateway, 'url'>, path: string, { token = tokens.administrator, headers = {} }: { token?: string, headers?: Record<string, string> } = {}
): Promise<Stream> {
  const request = get(`${url}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } })
  const [reply] = await once(request, 'response') as [IncomingMessage]
  const events: StreamEvent[] = []
  let text = ''
  let rest = ''
  let isOver = false
  reply.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const blocks = `${rest}${chunk}`.split('\n\n')
    rest = blocks.pop() ?? ''
    events.push(...blocks.filter((block) => !block.startsWith(':')).map(parse))
  })
  reply.once('close', () => { isOver = true })
  request.on('error', () => undefined)
  reply.on('error', () => undefined)
  return { status: reply.statusCode ?? 0, events, text: () => text, isOver: () => isOver, close: () => { request.destroy() } }
}

function parse (block: string): StreamEvent {
  const [, id, event = '', data = ''] = /^(?:id: ([\w-]+)\n)?event: (\w+)\ndata: (.*)$/.exec(block) ?? []
  return { id, event, data: JSON.parse(data) }
}

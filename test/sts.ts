import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { SignatureV4 } from '@smithy/signature-v4'
import { HttpRequest } from '@smithy/protocol-http'
import type { Test } from 'tap'
import { Sha256 } from './src/local-backend/backend.ts'

/** An IAM user or a role session. */
export interface Principal {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  account: string
  userId: string
  arn: string
}

/** A fake AWS STS that implements `GetCallerIdentity` and verifies signatures. */
export interface Sts {
  url: string
  requests: { method: string, url: string, headers: IncomingHttpHeaders, body: string }[]
  /** If set, the reply to every request, whatever its signature. */
  reply: { status: number, type: string, body: string, location?: string } | undefined
}

const callerIdentity = 'Action=GetCallerIdentity&Version=2011-06-15'

export interface Signing {
  host: string
  region?: string
  service?: string
  serverId?: string
  date?: Date
  /** Additional headers to sign. */
  headers?: Record<string, string>
  body?: string
}

/** Returns the headers of a `GetCallerIdentity` request, signed with the AWS SDK's signer. */
export async function signCallerIdentity (principal: Principal, signing: Signing): Promise<Record<string, string>> {
  const { host, region = 'eu-west-1', service = 'sts', serverId = 'gateway.test', date = new Date(), headers = {}, body = callerIdentity } = signing
  const signer = new SignatureV4({ credentials: principal, region, service, sha256: Sha256, applyChecksum: false })
  const request = new HttpRequest({
    method: 'POST',
    hostname: host,
    path: '/',
    headers: {
      host,
      'content-type': 'application/x-www-form-urlencoded',
      ...(serverId !== '' && { 'x-secrets-gateway-server-id': serverId }),
      ...headers
    },
    body
  })
  return { ...(await signer.sign(request, { signingDate: date })).headers }
}

const xml = ({ arn, userId, account }: Principal): string => `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>${arn}</Arn>
    <UserId>${userId}</UserId>
    <Account>${account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`

const refusal = (code: string): string => `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>${code}</Code>
  </Error>
</ErrorResponse>
`

/** Returns the principal that signed the request, or undefined if the signature is not valid. */
async function whoSigned (principals: readonly Principal[], headers: IncomingHttpHeaders, body: string): Promise<Principal | undefined> {
  const [, accessKeyId, region = '', signedHeaders = ''] = /Credential=(\w+)\/\d+\/([\w-]+)\/.*SignedHeaders=([\w;-]+)/.exec(headers.authorization ?? '') ?? []
  const principal = principals.find((known) => known.accessKeyId === accessKeyId)
  if (principal === undefined) return undefined
  const signed = Object.fromEntries(signedHeaders.split(';').map((name) => [name, String(headers[name])]))
  const date = String(headers['x-amz-date']).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const again = await signCallerIdentity(principal, { host: '', region, serverId: '', date: new Date(date), headers: signed, body })
  return again.authorization === headers.authorization ? principal : undefined
}

export async function startSts (t: Test, principals: readonly Principal[]): Promise<Sts> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const body = (await buffer(request)).toString()
      sts.requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
      const principal = await whoSigned(principals, request.headers, body)
      const { status, type, body: text, location }: NonNullable<Sts['reply']> = sts.reply ?? (principal === undefined
        ? { status: 403, type: 'text/xml', body: refusal('SignatureDoesNotMatch') }
        : { status: 200, type: 'text/xml', body: xml(principal) })
      response.writeHead(status, { 'content-type': type, ...(location !== undefined && { location }) }).end(text)
    }
    answer().catch(() => { response.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close(); server.closeAllConnections() })
  const sts: Sts = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: [], reply: undefined }
  return sts
}

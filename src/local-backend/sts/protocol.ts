import type { IncomingMessage } from 'node:http'
import { readBody } from '#src/aws-protocol/request-body'
import { signatureErrors } from '#src/aws-protocol/signature-errors'
import { eventOf, readSigned, type Protocol, type Service } from '#src/local-backend/service'
import { assumeRole } from './assume-role.ts'
import { assumeRoleWithWebIdentity } from './assume-role-with-web-identity.ts'
import type { SignedContext } from './context.ts'
import { stsErrorFrom, stsErrors } from './errors.ts'
import { getCallerIdentity } from './get-caller-identity.ts'
import type { StsOperation } from './model.ts'
import { readParameters, readQuery } from './parameters.ts'
import { element, type Content } from './xml.ts'

const formType = 'application/x-www-form-urlencoded'
const namespace = ' xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'

type SignedOperation = Exclude<StsOperation, 'AssumeRoleWithWebIdentity'>

const signedOperations: Record<SignedOperation, (parameters: URLSearchParams, context: SignedContext) => Content> = {
  AssumeRole: (parameters, context) => assumeRole(readParameters('AssumeRole', parameters), context),
  GetCallerIdentity: (_parameters, context) => getCallerIdentity(context)
}

/** The protocol of STS: AWS's Query protocol, with replies in XML. */
export const awsQuery: Protocol = {
  contentType: 'text/xml',
  async answer (service, request, requestId) {
    const { action, result } = await carryOut(service, request)
    return element(`${action}Response`, { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } }, namespace)
  },
  fault (thrown, requestId) {
    const { code, status, message } = stsErrorFrom(thrown)
    const Type = status < 500 ? 'Sender' : 'Receiver'
    const body = element('ErrorResponse', { Error: { Type, Code: code, Message: message }, RequestId: requestId }, namespace)
    return { status, body }
  }
}

/**
 * Returns true if a request is for STS. A signature names the service that the request is for. A request without a signature is
 * for STS if its body is a form.
 */
export function isForSts ({ headers: { authorization, 'content-type': contentType } }: IncomingMessage): boolean {
  const [, signedFor] = /\/([a-z]+)\/aws4_request\b/.exec(authorization ?? '') ?? []
  return signedFor === undefined ? isForm(contentType) : signedFor === 'sts'
}

const isForm = (contentType = ''): boolean => contentType.split(';')[0]?.trim().toLowerCase() === formType

async function carryOut (service: Service, request: IncomingMessage): Promise<{ action: StsOperation, result: Content }> {
  const { method, url, headers } = request
  if (method !== 'POST' || url !== '/' || !isForm(headers['content-type'])) throw stsErrors.unknownAction('null', 'null')
  return headers.authorization === undefined ? carryOutUnsigned(service, request) : carryOutSigned(service, request)
}

async function carryOutSigned (service: Service, request: IncomingMessage): Promise<{ action: StsOperation, result: Content }> {
  const { caller, scope, body } = await readSigned(service, request, 'sts')
  const { action, parameters } = readQuery(body)
  if (action === 'AssumeRoleWithWebIdentity') return { action, result: await withWebIdentity(service, parameters) }
  service.onOperation(eventOf('sts', action, caller, scope))
  const context = { ...service.sts, now: service.now(), region: scope.region, caller }
  return { action, result: signedOperations[action](parameters, context) }
}

/** Carries out an unsigned request. Only AssumeRoleWithWebIdentity may be unsigned, because its callers have no access keys. */
async function carryOutUnsigned (service: Service, request: IncomingMessage): Promise<{ action: StsOperation, result: Content }> {
  const { action, parameters } = readQuery(await readBody(request))
  if (action !== 'AssumeRoleWithWebIdentity') throw signatureErrors.missing()
  return { action, result: await withWebIdentity(service, parameters) }
}

async function withWebIdentity ({ sts, now }: Service, parameters: URLSearchParams): Promise<Content> {
  return assumeRoleWithWebIdentity(readParameters('AssumeRoleWithWebIdentity', parameters), { ...sts, now: now() })
}

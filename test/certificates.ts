import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto)

/** A certificate and its private key, in PEM. */
export interface Pair {
  cert: string
  key: string
}

export interface Authority extends Pair {
  issue: (names: readonly x509.JsonGeneralName[], options?: CertificateOptions) => Promise<Pair>
}

export interface CertificateOptions {
  notBefore?: Date
  notAfter?: Date
  /** The OID of the certificate's extended key usage; by default, client authentication. */
  usage?: string
  /** True if the certificate may be used to issue others. */
  ca?: boolean
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const hour = 60 * 60 * 1000

async function pem (key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

/** Creates a certificate authority. */
export async function authority (name = 'CN=Authority'): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + 24 * hour),
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)]
  })
  return {
    cert: root.toString('pem'),
    key: await pem(keys.privateKey),
    async issue (names, { notBefore, notAfter, usage = x509.ExtendedKeyUsage.clientAuth, ca = false } = {}) {
      const leaf = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const certificate = await x509.X509CertificateGenerator.create({
        subject: 'CN=leaf',
        issuer: root.subject,
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        notBefore: notBefore ?? new Date(Date.now() - hour),
        notAfter: notAfter ?? new Date(Date.now() + hour),
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(ca),
          new x509.ExtendedKeyUsageExtension([usage]),
          ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension([...names])] : [])
        ]
      })
      return { cert: certificate.toString('pem'), key: await pem(leaf.privateKey) }
    }
  }
}

/** Issues a server certificate for the host names that tests connect to. */
export const serverPair = async (issuer: Authority): Promise<Pair> =>
  issuer.issue([{ type: 'dns', value: 'localhost' }, { type: 'ip', value: '127.0.0.1' }], { usage: x509.ExtendedKeyUsage.serverAuth })

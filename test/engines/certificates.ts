/** A certificate authority for a test, and what it signs, by openssl. Keys are PKCS #8 in PEM, as Apache Kafka reads them. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Signed {
  /** File of the certificate. */
  readonly cert: string
  /** File of its key. */
  readonly key: string
  /** File with both, as a broker wants them. */
  readonly both: string
}

export interface Authority {
  /** File of the authority's own certificate. */
  readonly ca: string
  /** A certificate for a name; a server's is also for 127.0.0.1, unless `address` says another. */
  sign(name: string, options?: { address?: string; password?: string }): Signed
}

const openssl = (...args: string[]): Buffer =>
  execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] })

export const hasOpenssl = (): boolean => {
  try {
    openssl('version')
    return true
  } catch {
    return false
  }
}

const NEW_KEY = ['-newkey', 'rsa:2048', '-sha256']
const DAYS = ['-days', '2']

export function createAuthority(folder: string, name: string): Authority {
  const at = (file: string): string => join(folder, `${name}-${file}`)
  const [ca, caKey] = [at('ca.pem'), at('ca.key')]
  openssl(
    'req',
    '-x509',
    '-nodes',
    ...NEW_KEY,
    ...DAYS,
    '-subj',
    `/CN=${name}`,
    '-keyout',
    caKey,
    '-out',
    ca,
  )
  return {
    ca,
    sign(subject, { address = '127.0.0.1', password } = {}) {
      const [key, request, cert, names, both] = ['key', 'csr', 'pem', 'ext', 'both'].map((kind) =>
        at(`${subject}.${kind}`),
      ) as [string, string, string, string, string]
      const secret = password === undefined ? ['-nodes'] : ['-passout', `pass:${password}`]
      openssl(
        'req',
        ...secret,
        ...NEW_KEY,
        '-subj',
        `/CN=${subject}`,
        '-keyout',
        key,
        '-out',
        request,
      )
      writeFileSync(names, `subjectAltName=IP:${address}\n`)
      const signer = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial']
      openssl('x509', '-req', '-in', request, ...signer, ...DAYS, '-extfile', names, '-out', cert)
      writeFileSync(both, execFileSync('cat', [key, cert]))
      return { cert, key, both }
    },
  }
}
